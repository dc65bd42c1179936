"""Write operators that mobile chips do not have in ones that they have."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.edits import add_constant, replace_nodes


def use_mobile_operators(model: onnx.ModelProto) -> int:
    """Write operators that CoreML's provider does not have in ones that it has.

    1. ReduceL2(x, axes) -> Sqrt(ReduceSum(Mul(x, x), axes)), which keeps the axes or not as before.
    2. Neg(x) -> Mul(x, -1), for floats.

    Each one left in the middle of a model would send it from the chip to the CPU and back.

    Returns:
        How many were written otherwise.
    """
    graph = model.graph
    known = {v.name: v.type.tensor_type.elem_type for v in (*graph.value_info, *graph.output)}
    norms = [node for node in graph.node if node.op_type == "ReduceL2"]
    for node in norms:
        replace_nodes(graph, [node.output[0]], _norm(node))
    negations = [
        node
        for node in graph.node
        if node.op_type == "Neg" and known.get(node.output[0]) == onnx.TensorProto.FLOAT
    ]
    for node in negations:
        minus = add_constant(graph, "minus_one", np.array(-1, np.float32))
        product = helper.make_node("Mul", [node.input[0], minus], list(node.output), name=node.name)
        replace_nodes(graph, [node.output[0]], [product])
    return len(norms) + len(negations)


def _norm(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    x, result = node.input[0], node.output[0]
    squares, total = f"{result}.squares", f"{result}.sum"
    reduce = helper.make_node("ReduceSum", [squares, *node.input[1:]], [total])
    reduce.attribute.extend(node.attribute)
    return [
        helper.make_node("Mul", [x, x], [squares]),
        reduce,
        helper.make_node("Sqrt", [total], [result]),
    ]
