"""Name each MatMul after the PyTorch layer it came from."""

from __future__ import annotations

from collections import Counter

import onnx


def name_layers(model: onnx.ModelProto) -> int:
    """Name each MatMul with a constant weight after the PyTorch layer it came from.

    1. MatMul(x, w) -> Add(y, LAYER.bias): the MatMul is named LAYER, its weight LAYER.weight.
    2. A layer without a bias keeps the name that the exporter gave it, and so does one that shares
       its bias or its weight: the exporter stores equal values once, under one of their names.

    Returns:
        How many MatMuls were named.
    """
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    readers = {name: node for node in graph.node for name in node.input}
    reads = Counter(name for node in graph.node for name in node.input)
    named = 0
    for node in graph.node:
        if node.op_type != "MatMul" or reads[node.input[1]] != 1 or node.input[1] not in weights:
            continue
        bias = _bias_of(readers.get(node.output[0]))
        if bias is None or reads[bias] != 1:
            continue
        layer = _without_wrapper(bias.removesuffix(".bias"))
        weight = weights[node.input[1]]
        node.name, weight.name = layer, f"{layer}.weight"
        node.input[1] = weight.name
        named += 1
    return named


def _bias_of(add: onnx.NodeProto | None) -> str | None:
    """Name of the bias that this node adds, if it is an Add that has one."""
    if add is None or add.op_type != "Add":
        return None
    return next((name for name in add.input if name.endswith(".bias")), None)


def _without_wrapper(name: str) -> str:
    """Drop the attribute under which our own traced module holds the model."""
    return name.removeprefix("encoder.").removeprefix("model.")
