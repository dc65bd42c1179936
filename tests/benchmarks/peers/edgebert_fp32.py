"""edgebert's fp32 bundle: `edgebert export`."""

from __future__ import annotations

from benchmarks.edgebert_bundle import fp32_bundle, open_bundle, settings, ways
from benchmarks.protocol import Peer

PEER = Peer(
    title="edgebert fp32",
    precision="fp32",
    packages=("onnxruntime",),
    make=fp32_bundle,
    ways=ways,
    settings=settings,
    open=open_bundle,
)
