"""OpenVINO, int8 by NNCF: SmoothQuant and fast bias correction on calibration texts."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["NNCF_CI"] = "1"  # no usage statistics are sent

import nncf
import openvino

from benchmarks.batches import padded
from benchmarks.openvino_model import open_openvino, openvino_ways
from benchmarks.plain_export import plain_onnx
from benchmarks.protocol import Peer, Setting, Sources
from benchmarks.texts import open_tokenizer


def _make(sources: Sources) -> Path:
    tokenizer = open_tokenizer(sources.checkpoint)
    ids = [tokenizer.encode(text).ids for text in sources.calibration]
    samples = [padded(ids, [position]).inputs for position in range(len(ids))]
    model = nncf.quantize(
        openvino.Core().read_model(plain_onnx(sources)),
        nncf.Dataset(samples),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
    )
    folder = sources.folder / "openvino_int8"
    openvino.save_model(model, folder / "model.xml")
    return folder


PEER = Peer(
    title="OpenVINO int8",
    precision="int8",
    packages=("openvino", "nncf"),
    make=_make,
    ways=openvino_ways,
    settings=lambda threads: (Setting(threads, mode="LATENCY"),),
    open=open_openvino,
)
