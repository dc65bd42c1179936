"""edgebert's int8 bundle: `edgebert quantize` with its defaults."""

from __future__ import annotations

from pathlib import Path

from benchmarks.edgebert_bundle import fp32_bundle, open_bundle, settings, ways
from benchmarks.protocol import Peer, Sources
from edgebert.quantize import quantize_bundle


def _make(sources: Sources) -> Path:
    path = sources.folder / "edgebert_int8"
    quantize_bundle(fp32_bundle(sources), path)
    return path


PEER = Peer(
    title="edgebert int8",
    precision="int8",
    packages=("onnxruntime",),
    make=_make,
    ways=ways,
    settings=settings,
    open=open_bundle,
)
