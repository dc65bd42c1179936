"""Store weights once that the exporter stored for every use."""

from __future__ import annotations

import hashlib

import onnx

from edgebert.onnx_graph.in_memory.edits import read_instead


def share_weights(model: onnx.ModelProto) -> int:
    """Store weights once that the exporter stored for every use.

    1. Of matrices of equal type, shape and values, all readers read the first.
    2. Vectors stay: equal ones (biases of zeros) are rarely the same weight.

    A layer that runs several times (ALBERT) has its weight transposed, and stored, for each time.

    Returns:
        How many were taken out.
    """
    first: dict[tuple[int, tuple[int, ...], bytes], str] = {}
    instead: dict[str, str] = {}
    for tensor in model.graph.initializer:
        if len(tensor.dims) > 1:
            key = (tensor.data_type, tuple(tensor.dims), _digest(tensor))
            kept = first.setdefault(key, tensor.name)
            if kept != tensor.name:
                instead[tensor.name] = kept
    read_instead(model.graph, instead)
    for tensor in [t for t in model.graph.initializer if t.name in instead]:
        model.graph.initializer.remove(tensor)
    return len(instead)


def _digest(tensor: onnx.TensorProto) -> bytes:
    return hashlib.sha256(onnx.numpy_helper.to_array(tensor).tobytes()).digest()
