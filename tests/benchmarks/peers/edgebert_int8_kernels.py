"""edgebert's int8 bundle, on edgebert's kernels."""

from __future__ import annotations

from functools import partial

import edgebert
from benchmarks.edgebert_bundle import bundle_peer, int8_bundle
from edgebert.runtimes.kernels.library import require_library

require_library()  # else this peer is not there

PEER = bundle_peer(
    "edgebert int8, kernels",
    "int8",
    int8_bundle,
    partial(edgebert.load, kernels="required"),
    ("onnxruntime", "edgebert-kernels"),
)
