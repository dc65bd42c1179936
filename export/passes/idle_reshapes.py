"""Take out the reshapes around attention that only take heads apart and put them together."""

from __future__ import annotations

import onnx

from edgebert.onnx_graph.in_memory.def_use import DefUse, symbolic_shape
from edgebert.onnx_graph.in_memory.edits import read_instead, remove_unread


def drop_idle_reshapes(model: onnx.ModelProto) -> int:
    """Remove the reshapes around attention that only take heads apart and put them together.

    1. Reshape(Reshape(x, a), b) -> Reshape(x, b), the inner one removed when nothing else reads
       it. Where b has a 0, which takes a length over from the inner one's result, both stay.
    2. Reshape(x, b) -> x where x and the result have the same symbolic shape and rank.

    The attention operator works on [batch, sequence, hidden], but transformers hands its attention
    function [batch, heads, sequence, head size]; what the detour leaves behind is reshapes.

    Returns:
        How many nodes were removed.
    """
    before = len(model.graph.node)
    _join_reshape_chains(model.graph)
    _remove_same_shape_reshapes(model.graph)
    remove_unread(model.graph)
    return before - len(model.graph.node)


def _join_reshape_chains(graph: onnx.GraphProto) -> None:
    def_use = DefUse(graph)
    reshapes = {node.output[0]: node for node in graph.node if node.op_type == "Reshape"}
    for node in reshapes.values():
        if def_use.is_constant(node.input[1]) and 0 in def_use.constant(node.input[1]):
            continue
        while node.input[0] in reshapes:
            node.input[0] = reshapes[node.input[0]].input[0]


def _remove_same_shape_reshapes(graph: onnx.GraphProto) -> None:
    shapes = {value.name: symbolic_shape(value) for value in graph.value_info}
    outputs = {value.name for value in graph.output}
    for node in list(graph.node):
        if node.op_type != "Reshape" or node.output[0] in outputs:
            continue
        source, target = shapes.get(node.input[0]), shapes.get(node.output[0])
        if source is not None and source == target:
            read_instead(graph, {node.output[0]: node.input[0]})
            graph.node.remove(node)
