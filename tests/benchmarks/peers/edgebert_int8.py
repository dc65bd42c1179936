"""edgebert's int8 bundle, on onnxruntime alone."""

from __future__ import annotations

from functools import partial

import edgebert
from benchmarks.edgebert_bundle import bundle_peer, int8_bundle

PEER = bundle_peer("edgebert int8", "int8", int8_bundle, partial(edgebert.load, kernels="off"))
