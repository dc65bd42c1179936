"""The linear layers of a graph, in the groups that are quantized alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import attributes
from edgebert.onnx_graph.in_memory.edits import CONTRIB
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor


@dataclass(frozen=True)
class LinearLayer:
    """A product with a constant.

    Attributes:
        name: of its node, which no other has; several where their weights lie side by side.
        output: first output of its node, which is what tells nodes apart.
        value: what it reads.
        weight: name of its constant, float [inputs, outputs].
        bias: name of the constant, float [outputs], that is added to the product.
        add: output of the node that adds it; None for an attention, which takes it as an input.
        attention: whether these are the projections of an Attention operator.
    """

    name: str
    output: str
    value: str
    weight: str
    bias: str | None
    add: str | None
    attention: bool


@dataclass(frozen=True)
class LayerGroup:
    """Layers that share an input, so that it is quantized once, or a weight, which is stored once."""

    layers: tuple[LinearLayer, ...]

    @property
    def name(self) -> str:
        return self.layers[0].name

    @property
    def values(self) -> tuple[str, ...]:
        """The distinct inputs of its layers."""
        return tuple(dict.fromkeys(layer.value for layer in self.layers))

    @property
    def weights(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(layer.weight for layer in self.layers))


def find_groups(editor: GraphEditor) -> tuple[LayerGroup, ...]:
    """The linear layers of a graph, in its order, in groups that share an input or a weight."""
    groups: list[list[LinearLayer]] = []
    for layer in _layers(editor):
        sharing = [g for g in groups if any(_shares(layer, other) for other in g)]
        joined = [other for group in sharing for other in group] + [layer]
        groups = [group for group in groups if group not in sharing] + [joined]
    order = {node.output[0]: place for place, node in enumerate(editor.graph.node)}
    groups = [sorted(group, key=lambda layer: order[layer.output]) for group in groups]
    groups.sort(key=lambda group: order[group[0].output])
    return tuple(LayerGroup(tuple(group)) for group in groups)


def share_weights(groups: Sequence[LayerGroup]) -> bool:
    """Whether layers that run one after the other have one weight, as ALBERT's do."""
    return any(len(group.weights) < len(group.layers) for group in groups)


def spell_out_gemms(editor: GraphEditor) -> int:
    """Write every Gemm of a value and a constant as MatMul and Add.

    1. Gemm(x, w, b) -> Add(MatMul(x, w), b); with transB the constant is transposed.
    2. A Gemm with alpha, beta or transA stays, and so does one whose bias is not a vector.

    Returns:
        How many were spelled out.
    """
    found = [node for node in editor.graph.node if _is_plain_gemm(node, editor)]
    for node in found:
        transposed = attributes(node).get("transB", 0)
        weight = node.input[1]
        if transposed:
            weight = editor.constant(weight, editor.array(weight).T, ending=".transposed")
        has_bias = len(node.input) > 2
        product = editor.value(f"{node.output[0]}.product") if has_bias else node.output[0]
        nodes = [helper.make_node("MatMul", [node.input[0], weight], [product], name=node.name)]
        if has_bias:
            nodes.append(helper.make_node("Add", [product, node.input[2]], [node.output[0]]))
        editor.replace([node], nodes)
    return len(found)


def name_layers(editor: GraphEditor) -> None:
    """Call each linear layer without a name after its weight; where several share it, WEIGHT_2."""
    for node in editor.graph.node:
        if _is_layer(node, editor) and not node.name:
            node.name = editor.node_name(node.input[1])


def name_after(editor: GraphEditor, part: str) -> None:
    """Let names that say no place in a model begin with that of their part of it."""
    for node in editor.graph.node:
        if _is_layer(node, editor) and "." not in node.name:
            node.name = editor.node_name(f"{part}.{node.name}")


def _layers(editor: GraphEditor) -> Iterator[LinearLayer]:
    for node in editor.graph.node:
        if not _is_layer(node, editor):
            continue
        attention = node.op_type == "Attention"
        bias, add = (node.input[2], None) if attention else _added_bias(node, editor)
        yield LinearLayer(
            name=node.name,
            output=node.output[0],
            value=node.input[0],
            weight=node.input[1],
            bias=bias,
            add=add,
            attention=attention,
        )


def _is_layer(node: onnx.NodeProto, editor: GraphEditor) -> bool:
    if len(node.input) < 2 or not _is_weight(node.input[1], editor):
        return False
    return node.op_type == "MatMul" or _is_splittable_attention(node, editor)


def _shares(one: LinearLayer, other: LinearLayer) -> bool:
    return one.value == other.value or one.weight == other.weight


def _is_weight(name: str, editor: GraphEditor) -> bool:
    return editor.is_constant(name) and len(editor.shape(name)) == 2 and editor.is_float(name)


def _added_bias(node: onnx.NodeProto, editor: GraphEditor) -> tuple[str | None, str | None]:
    """The vector that is added to a product, and the output of the Add, if that alone reads it."""
    readers = editor.readers(node.output[0])
    if len(readers) != 1 or readers[0].op_type != "Add" or editor.is_output(node.output[0]):
        return None, None
    (other,) = [name for name in readers[0].input if name != node.output[0]] or [""]
    outputs = editor.shape(node.input[1])[1]
    if not editor.is_constant(other) or editor.shape(other) not in ((outputs,), (1, outputs)):
        return None, None
    return (other, readers[0].output[0]) if editor.is_float(other) else (None, None)


def _is_splittable_attention(node: onnx.NodeProto, editor: GraphEditor) -> bool:
    """An Attention without a past, whose three projections are equally wide."""
    if node.op_type != "Attention" or node.domain != CONTRIB or any(node.input[4:5]):
        return False
    equal = "qkv_hidden_sizes" not in attributes(node)
    return equal and len(node.input) > 2 and editor.is_constant(node.input[2])


def _is_plain_gemm(node: onnx.NodeProto, editor: GraphEditor) -> bool:
    if node.op_type != "Gemm" or not _is_weight(node.input[1], editor):
        return False
    stated = attributes(node)
    scaled = any(stated.get(name, 1.0) != 1.0 for name in ("alpha", "beta"))
    vector = len(node.input) < 3 or (
        editor.is_constant(node.input[2]) and len(editor.shape(node.input[2])) == 1
    )
    return vector and not scaled and not stated.get("transA", 0)
