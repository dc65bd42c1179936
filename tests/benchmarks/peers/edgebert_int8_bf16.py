"""edgebert's int8 bundle, on edgebert's kernels with attention in bfloat16."""

from __future__ import annotations

from functools import partial

import edgebert
from benchmarks.edgebert_bundle import bundle_peer, int8_bundle
from edgebert.runtimes.kernels.library import require_library

if not require_library().bf16:
    raise ImportError("this CPU multiplies no numbers of bfloat16")

PEER = bundle_peer(
    "edgebert int8, kernels in bf16",
    "int8",
    int8_bundle,
    partial(edgebert.load, kernels="bf16"),
    ("onnxruntime", "edgebert-kernels"),
)
