"""edgebert's fp32 bundle: `edgebert export`."""

from __future__ import annotations

from benchmarks.edgebert_bundle import bundle_peer, fp32_bundle

PEER = bundle_peer("edgebert fp32", "fp32", fp32_bundle)
