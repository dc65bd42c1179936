"""onnxruntime on the plain export, fp32."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.onnx_session import open_session, settings, ways
from benchmarks.plain_export import fused_onnx, plain_onnx
from benchmarks.protocol import Peer, Sources


def _make(sources: Sources) -> Path:
    folder = sources.folder / "ort_fp32"
    folder.mkdir()
    shutil.copyfile(plain_onnx(sources), folder / "plain.onnx")
    shutil.copyfile(fused_onnx(sources), folder / "fused.onnx")
    return folder


PEER = Peer(
    title="ONNX Runtime fp32",
    precision="fp32",
    packages=("onnxruntime",),
    make=_make,
    ways=ways,
    settings=settings,
    open=open_session,
)
