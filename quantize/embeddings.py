"""Word embeddings as int8 rows, a scale for each row."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def quantize_word_embeddings(model: onnx.ModelProto) -> list[str]:
    """Store every float table that is looked up by `input_ids` as int8 rows and float scales.

    1. Gather(table, input_ids) -> Gather(rows, input_ids) -> Cast -> Mul(Gather(scales, input_ids)).
    2. Rows are gathered before they are scaled back: a DequantizeLinear in front of the Gather
       would turn the whole table into floats at every run.
    3. A row of zeros (padding) stays zero.

    Returns:
        The names of the tables.
    """
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    done = []
    for node in list(graph.node):
        if node.op_type != "Gather" or node.input[1] != "input_ids" or node.input[0] not in tensors:
            continue
        table = tensors[node.input[0]]
        if table.data_type != TensorProto.FLOAT or len(table.dims) != 2:
            continue
        _replace_lookup(graph, node, table)
        done.append(table.name)
    return done


def _replace_lookup(graph: onnx.GraphProto, node: onnx.NodeProto, table: onnx.TensorProto) -> None:
    rows, scales = _quantize_rows(numpy_helper.to_array(table))
    rows_name, scales_name = f"{table.name}_int8", f"{table.name}_scale"
    graph.initializer.append(numpy_helper.from_array(rows, rows_name))
    graph.initializer.append(numpy_helper.from_array(scales, scales_name))
    out = node.output[0]
    new = [
        helper.make_node("Gather", [rows_name, node.input[1]], [f"{out}_int8"]),
        helper.make_node("Gather", [scales_name, node.input[1]], [f"{out}_scale"]),
        helper.make_node("Cast", [f"{out}_int8"], [f"{out}_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out]),
    ]
    position = list(graph.node).index(node)
    graph.node.remove(node)
    for offset, added in enumerate(new):
        graph.node.insert(position + offset, added)
    if not any(table.name in other.input for other in graph.node):
        graph.initializer.remove(table)


def _quantize_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Float [rows, width] to int8 [rows, width] and float32 scales [rows, 1], symmetric."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
    rows = np.clip(np.round(table / scales), -127, 127).astype(np.int8)
    return rows, scales.astype(np.float32)
