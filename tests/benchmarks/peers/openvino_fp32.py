"""OpenVINO, fp32: on CPUs without VNNI it can be ahead of its own int8."""

from __future__ import annotations

from pathlib import Path

import openvino

from benchmarks.openvino_model import open_openvino, openvino_ways
from benchmarks.plain_export import plain_onnx
from benchmarks.protocol import Peer, Setting, Sources


def _make(sources: Sources) -> Path:
    folder = sources.folder / "openvino_fp32"
    model = openvino.Core().read_model(plain_onnx(sources))
    openvino.save_model(model, folder / "model.xml", compress_to_fp16=False)
    return folder


PEER = Peer(
    title="OpenVINO fp32",
    precision="fp32",
    packages=("openvino",),
    make=_make,
    ways=openvino_ways,
    settings=lambda threads: (Setting(threads, mode="LATENCY"),),
    open=open_openvino,
)
