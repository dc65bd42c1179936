"""Tables of embeddings as int8 rows, a scale for each row."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgebert.onnx_graph.in_memory.def_use import attribute
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.quantize.forms.rounding import Floats

_SMALLEST = 4096
"""Values of the smallest table that is worth three more nodes: that of token types is not."""


def quantize_embeddings(editor: GraphEditor) -> list[str]:
    """Store every table of floats that rows are looked up in as int8 rows and float scales.

    1. Gather(table, ids) -> Gather(rows, ids) -> Cast -> Mul(Gather(scales, ids)).
    2. Rows are gathered before they are scaled back: a DequantizeLinear in front of the Gather
       would turn the whole table into floats at every run.
    3. A row of zeros (padding) stays zero.
    4. A small table stays, and so does one that is looked up along another axis.

    Returns:
        The names of the tables.
    """
    done = dict.fromkeys(node.input[0] for node in editor.graph.node if _is_lookup(node, editor))
    for node in [node for node in editor.graph.node if _is_lookup(node, editor)]:
        _replace_lookup(editor, node)
    return list(done)


def _is_lookup(node: onnx.NodeProto, editor: GraphEditor) -> bool:
    if node.op_type != "Gather" or not editor.is_constant(node.input[0]):
        return False
    shape, axis = editor.shape(node.input[0]), attribute(node, "axis", 0)
    if len(shape) != 2 or axis != 0 or not editor.is_float(node.input[0]):
        return False
    return shape[0] * shape[1] >= _SMALLEST


def _replace_lookup(editor: GraphEditor, node: onnx.NodeProto) -> None:
    table, ids, out = node.input[0], node.input[1], node.output[0]
    rows, scales = _quantize_rows(editor.array(table))
    stored = editor.constants(table, {"_int8": rows, "_scale": scales})
    codes, scale, floats = (editor.value(f"{out}_{part}") for part in ("int8", "scale", "float"))
    new = [
        helper.make_node("Gather", [stored[0], ids], [codes]),
        helper.make_node("Gather", [stored[1], ids], [scale]),
        helper.make_node("Cast", [codes], [floats], to=TensorProto.FLOAT),
        helper.make_node("Mul", [floats, scale], [out]),
    ]
    editor.replace([node], new)


def _quantize_rows(table: Floats) -> tuple[np.ndarray, Floats]:
    """Float [rows, width] to int8 [rows, width] and float32 scales [rows, 1], symmetric."""
    scales = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
    rows = np.clip(np.round(table / scales), -127, 127).astype(np.int8)
    return rows, scales.astype(np.float32)
