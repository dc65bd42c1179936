"""Take out repetitions that an element-wise operator would do by itself."""

from __future__ import annotations

import onnx

from edgebert.onnx_graph.in_memory.def_use import DefUse, symbolic_shape
from edgebert.onnx_graph.in_memory.edits import remove_unread

_ELEMENT_WISE = frozenset({"Add", "Div", "Mul", "Sub"})


def drop_idle_expands(model: onnx.ModelProto) -> int:
    """Take out repetitions that an element-wise operator would do by itself.

    1. Div(x, Expand(y, shape)) -> Div(x, y) where x has the shape of the result; the same for Add,
       Mul and Sub, and with the two in the other order.
    2. Where x has another shape, or an unknown one, the Expand stays: it may be what gives the
       result its shape.

    Returns:
        How many were taken out.
    """
    graph = model.graph
    def_use = DefUse(graph)
    shapes = {value.name: symbolic_shape(value) for value in (*graph.value_info, *graph.output)}
    taken = 0
    for node in graph.node:
        if node.op_type not in _ELEMENT_WISE:
            continue
        for place, other in ((0, 1), (1, 0)):
            expand = def_use.producers.get(node.input[place])
            if expand is None or expand.op_type != "Expand":
                continue
            if shapes.get(node.input[other]) and shapes[node.input[other]] == shapes.get(
                node.output[0]
            ):
                node.input[place] = expand.input[0]
                taken += 1
    remove_unread(graph)
    return taken
