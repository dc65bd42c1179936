"""What stands around a layer's product, whatever form it has: names, bias, attention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.edits import CONTRIB
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.quantize.forms.linear_layers import LinearLayer
from edgebert.quantize.forms.rounding import Floats, IntegerWeight

MASK, ADDED_TO_SCORES = 3, 5  # inputs of Attention


@dataclass(frozen=True)
class StoredWeight:
    """Names of the constants that hold a weight."""

    values: str
    scales: str


def store_weight(editor: GraphEditor, name: str, weight: IntegerWeight) -> StoredWeight:
    """Add a weight's constants, under the names that onnxruntime's quantizer gives."""
    names = editor.constants(name, {"_quantized": weight.values, "_scale": weight.scales})
    return StoredWeight(*names)


def node_of(editor: GraphEditor, layer: LinearLayer) -> onnx.NodeProto:
    return next(node for node in editor.graph.node if node.output[0] == layer.output)


def product_name(editor: GraphEditor, layer: LinearLayer, bias: Floats | None) -> str:
    """What the product is called, so that whoever reads the layer's result reads it still."""
    if layer.attention:
        return editor.value(f"{layer.output}.projected")
    if bias is None:
        return layer.add or layer.output
    return editor.value(f"{layer.output}.product")


def put_product(
    editor: GraphEditor, layer: LinearLayer, product: list[onnx.NodeProto], bias: Floats | None
) -> None:
    """Put the nodes of a product where the layer was, and after them what is still to be done.

    Args:
        editor: of the graph.
        layer: what is replaced, with the node that adds its bias.
        product: nodes, the last of which gives `product_name`.
        bias: what is added to it, if anything.
    """
    node, result = node_of(editor, layer), product[-1].output[0]
    nodes, old = [*product], [node]
    if layer.attention:
        nodes += _attention(editor, node, layer, result, bias)
    elif bias is not None:
        added = bias_constant(editor, layer, bias)
        nodes.append(helper.make_node("Add", [result, added], [layer.add or layer.output]))
    if layer.add:
        old += [other for other in editor.graph.node if other.output[0] == layer.add]
    editor.replace(old, nodes)


def bias_constant(editor: GraphEditor, layer: LinearLayer, bias: Floats) -> str:
    """The name of a layer's bias; its own where it did not change."""
    if layer.bias and np.array_equal(editor.array(layer.bias).reshape(-1), bias):
        return layer.bias
    return editor.constant(layer.output, bias, ending=".bias")


def _attention(
    editor: GraphEditor,
    node: onnx.NodeProto,
    layer: LinearLayer,
    projected: str,
    bias: Floats | None,
) -> list[onnx.NodeProto]:
    """Split and MultiHeadAttention, whose own bias input takes that of the projections."""
    parts = [editor.value(f"{projected}.{part}") for part in ("query", "key", "value")]
    mask, scores = ((*node.input, "", "", "")[place] for place in (MASK, ADDED_TO_SCORES))
    added = "" if bias is None else bias_constant(editor, layer, bias)
    sections = {"num_outputs": 3} if editor.opset >= 18 else {}
    attention = helper.make_node(
        "MultiHeadAttention",
        [*parts, added, mask, *([scores] if scores else [])],
        list(node.output),
        name=editor.node_name(f"{layer.name}.heads"),
        domain=CONTRIB,
    )
    attention.attribute.extend(node.attribute)
    return [helper.make_node("Split", [projected], parts, axis=-1, **sections), attention]
