"""Mean pooling as a product of matrices, which sums in the same order in any batch."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import DefUse, attribute
from edgebert.onnx_graph.in_memory.edits import add_constant, remove_unread, replace_nodes


def pool_by_matmul(model: onnx.ModelProto) -> int:
    """Sum masked token vectors by a product of matrices.

    1. ReduceSum(Mul(hidden, weights), 1), with float weights [batch, sequence, 1] ->
       the first row of MatMul([weights, weights] as [batch, 2, sequence], hidden).
    2. Two rows, because onnxruntime multiplies a single one by another kernel, which adds in
       another order when padding follows; its ReduceSum does so when the batch is 1. With two, a
       text's vector is the same to the last bit alone and in a batch.
    3. A sum along another axis, or one that keeps its axis, stays.

    Returns:
        How many sums were replaced.
    """
    graph = model.graph
    def_use = DefUse(graph)
    found = 0
    for node in [node for node in graph.node if node.op_type == "ReduceSum"]:
        masked = def_use.producers.get(node.input[0])
        if masked is None or masked.op_type != "Mul" or not _sums_tokens(node, def_use):
            continue
        hidden, weights = sorted(masked.input, key=lambda name: _is_column(name, def_use))
        if not _is_column(weights, def_use) or _is_column(hidden, def_use):
            continue
        name = f"pooling.{found}" if found else "pooling"  # of several side by side
        replace_nodes(
            graph, [node.output[0]], _product(graph, node.output[0], hidden, weights, name)
        )
        found += 1
    remove_unread(graph)
    return found


def _sums_tokens(node: onnx.NodeProto, def_use: DefUse) -> bool:
    axis = def_use.scalar(node.input[1]) if len(node.input) > 1 else None
    return axis == 1 and attribute(node, "keepdims", 1) == 0


def _is_column(name: str, def_use: DefUse) -> bool:
    """Whether a value is [batch, sequence, 1], by how it is made of the mask."""
    node = def_use.producers.get(name)
    while node is not None and node.op_type == "Cast":
        node = def_use.producers.get(node.input[0])
    return node is not None and node.op_type == "Unsqueeze" and def_use.scalar(node.input[1]) == -1


def _product(
    graph: onnx.GraphProto, output: str, hidden: str, weights: str, name: str
) -> list[onnx.NodeProto]:
    zero, one = (
        add_constant(graph, f"{name}.{what}", np.array([value], np.int64))
        for what, value in (("zero", 0), ("one", 1))
    )
    row, rows, both, first = (f"{output}.{what}" for what in ("row", "rows", "both", "first"))
    return [
        helper.make_node("Transpose", [weights], [row], perm=[0, 2, 1]),
        helper.make_node("Concat", [row, row], [rows], axis=1),
        helper.make_node("MatMul", [rows, hidden], [both], name=name),
        helper.make_node("Slice", [both, zero, one, one], [first]),
        helper.make_node("Squeeze", [first, one], [output]),
    ]
