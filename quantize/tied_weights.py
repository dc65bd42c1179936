"""Give a decoder its own weight again, where a table of embeddings serves as one."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper


def untie_weights(model: onnx.ModelProto) -> int:
    """Give a decoder its own weight again, where a table of embeddings serves as one.

    1. MatMul(x, Transpose(table)) -> MatMul(x, w), with the transposed values as a constant that
       is called after the MatMul: its int8 form has a scale for each piece, as the table's has.

    Returns:
        How many weights were given back.
    """
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer}
    transposed = {
        node.output[0]: node
        for node in graph.node
        if node.op_type == "Transpose" and node.input[0] in tables
    }
    untied = [
        node for node in graph.node if node.op_type == "MatMul" and node.input[1] in transposed
    ]
    for node in untied:
        table = numpy_helper.to_array(tables[transposed[node.input[1]].input[0]])
        node.input[1] = f"{node.name}.weight"
        values = np.ascontiguousarray(table.T)
        graph.initializer.append(numpy_helper.from_array(values, node.input[1]))
    read = {name for node in graph.node for name in node.input}
    for node in transposed.values():
        if node.output[0] not in read:
            graph.node.remove(node)
    return len(untied)
