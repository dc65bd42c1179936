"""Store a decoder's weight once with the embedding table that it is tied to."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.onnx_graph.in_memory.edits import insert_before, remove_unread


def tie_weights(model: onnx.ModelProto) -> int:
    """Store a decoder's weight once with the embedding table that it is tied to.

    1. MatMul(x, w), where w is the transpose of a table that Gather reads, value for value ->
       MatMul(x, Transpose(table)). A session transposes once, when it is opened.
    2. A weight that is no such transpose stays.

    The exporter stores both forms of a masked language model's tied weight, which may be most of
    the file.

    Returns:
        How many weights were taken out.
    """
    graph = model.graph
    def_use = DefUse(graph)
    tables = {
        node.input[0]
        for node in graph.node
        if node.op_type == "Gather" and def_use.is_constant(node.input[0])
    }
    tied = 0
    for node in [node for node in graph.node if node.op_type == "MatMul"]:
        table = next((t for t in tables if _is_transpose(node.input[1], t, def_use)), None)
        if table is not None:
            transposed = f"{node.output[0]}.tied"
            transpose = helper.make_node("Transpose", [table], [transposed], perm=[1, 0])
            insert_before(graph, node.output[0], [transpose])
            node.input[1] = transposed
            tied += 1
    remove_unread(graph)
    return tied


def _is_transpose(name: str, table: str, def_use: DefUse) -> bool:
    if not def_use.is_constant(name):
        return False
    if tuple(def_use.tensor(name).dims) != tuple(reversed(def_use.tensor(table).dims)):
        return False
    return len(def_use.tensor(name).dims) == 2 and np.array_equal(
        def_use.constant(name), def_use.constant(table).T
    )
