"""Give a decoder its own weight again, where a table of embeddings serves as one."""

from __future__ import annotations

import onnx

from edgebert.onnx_graph.in_memory.def_use import attribute
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor


def untie_weights(editor: GraphEditor) -> int:
    """Give a decoder its own weight again, where a table of embeddings serves as one.

    1. MatMul(x, Transpose(table)) -> MatMul(x, w), with the transposed values as a constant that
       is called after the MatMul: its int8 form has a scale for each piece, as the table's has.
    2. A Transpose that something else reads too stays.

    Returns:
        How many weights were given back.
    """
    graph = editor.graph
    transposed = {node.output[0]: node for node in graph.node if _turns_a_matrix(node, editor)}
    untied = [
        node for node in graph.node if node.op_type == "MatMul" and node.input[1] in transposed
    ]
    for node in untied:
        table = transposed[node.input[1]].input[0]
        stem = node.name or node.output[0]
        node.input[1] = editor.constant(stem, editor.array(table).T, ending=".weight")
    for node in transposed.values():
        if not editor.readers(node.output[0]) and not editor.is_output(node.output[0]):
            graph.node.remove(node)
    return len(untied)


def _turns_a_matrix(node: onnx.NodeProto, editor: GraphEditor) -> bool:
    if node.op_type != "Transpose" or not editor.is_constant(node.input[0]):
        return False
    return len(editor.shape(node.input[0])) == 2 and attribute(node, "perm", [1, 0]) == [1, 0]
