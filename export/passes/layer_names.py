"""Name each MatMul after the PyTorch layer it came from."""

from __future__ import annotations

from collections import Counter

import onnx

from edgebert.export.passes.trace_notes import noted_modules
from edgebert.onnx_graph.in_memory.edits import rename_value


def name_layers(model: onnx.ModelProto) -> int:
    """Name each MatMul with a constant weight after the PyTorch layer it came from.

    1. A MatMul that the exporter's notes put into module LAYER is named LAYER, its weight
       LAYER.weight.
    2. Without notes, MatMul(x, w) -> Add(y, LAYER.bias) says the same.
    3. A layer that runs several times: its weight has its name, its MatMuls LAYER, LAYER_2, ...
    4. A weight that has another reader, or readers in two layers, keeps its name, because the
       exporter stores equal values once; so does one whose new name is taken.

    Returns:
        How many MatMuls were named.
    """
    graph = model.graph
    reads = Counter(name for node in graph.node for name in node.input)
    taken = {tensor.name for tensor in graph.initializer}
    named = 0
    for weight, nodes in _readers_of_weights(graph).items():
        layers = {_layer_of(node, graph) for node in nodes}
        layer = layers.pop() if len(layers) == 1 else None
        if not layer or reads[weight] != len(nodes) or f"{layer}.weight" in taken:
            continue
        rename_value(graph, weight, f"{layer}.weight")
        taken.add(f"{layer}.weight")
        for run, node in enumerate(nodes, 1):
            node.name = layer if run == 1 else f"{layer}_{run}"
        named += len(nodes)
    return named


def _readers_of_weights(graph: onnx.GraphProto) -> dict[str, list[onnx.NodeProto]]:
    """MatMuls by the constant that they multiply by."""
    constants = {tensor.name for tensor in graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in constants:
            readers.setdefault(node.input[1], []).append(node)
    return readers


def _layer_of(node: onnx.NodeProto, graph: onnx.GraphProto) -> str | None:
    modules = noted_modules(node)
    if len(modules) > 1 and modules[-1].startswith("linear"):  # the last names the operation
        return _without_wrapper(modules[-2])
    bias = next((b for other in graph.node if (b := _bias_added_to(node, other))), None)
    return bias and _without_wrapper(bias.removesuffix(".bias"))


def _bias_added_to(node: onnx.NodeProto, add: onnx.NodeProto) -> str | None:
    """Name of the bias that `add` adds to what `node` makes, if it does that."""
    if add.op_type != "Add" or node.output[0] not in add.input:
        return None
    return next((name for name in add.input if name.endswith(".bias")), None)


def _without_wrapper(name: str) -> str:
    """Drop the attribute under which our own traced module holds the model."""
    return name.removeprefix("encoder.").removeprefix("model.")
