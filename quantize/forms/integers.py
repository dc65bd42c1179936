"""Layers as products of integers: the input rounded to a grid, the weight in int8.

onnxruntime's own operators where its CPU provider runs the graph, standard ones everywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import attributes
from edgebert.onnx_graph.in_memory.edits import CONTRIB
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.weights import MULTIPLIER
from edgebert.quantize.forms.activations import InputGrid
from edgebert.quantize.forms.linear_layers import LayerGroup, LinearLayer
from edgebert.quantize.forms.products import (
    ADDED_TO_SCORES,
    MASK,
    StoredWeight,
    bias_constant,
    node_of,
    product_name,
    put_product,
    store_weight,
)
from edgebert.quantize.forms.rounding import Floats, IntegerWeight
from edgebert.quantize.forms.tied_tables import look_up_integers

_SMALLEST_SCALE = 1e-9  # of a token that is all zeros


@dataclass(frozen=True)
class QuantizedGroup:
    """What a group of layers becomes.

    Attributes:
        group: the layers.
        grid: how their input becomes integers.
        weights: by the name of each float weight.
        biases: by the output of each layer; None where nothing is added.
    """

    group: LayerGroup
    grid: InputGrid
    weights: dict[str, IntegerWeight]
    biases: dict[str, Floats | None]


@dataclass(frozen=True)
class _Input:
    """Names of what an input became: its codes, their scale, the code of 0."""

    codes: str
    scale: str
    zero_point: str


def write_integer_group(editor: GraphEditor, quantized: QuantizedGroup, *, contrib: bool) -> None:
    """Replace the layers of a group by products of integers.

    1. x -> Mul -> Add = x' -> QuantizeLinear with the grid's scale, once for each input.
    2. With a scale for each token: x' -> Abs -> ReduceMax -> Mul(1/levels) -> Max = s, and
       QuantizeLinear(x' / s, 1). Dividing first allows any rank, without a Reshape.
    3. With `contrib`, a layer is MatMulIntegerToFloat. Its bias stays outside where each token has
       a scale: the operator would multiply the bias by it too.
    4. Else (a static scale) it is MatMul between two DequantizeLinear, which runtimes fuse.
    5. A table that shares its weight with a layer is looked up in the integers.
    6. An Attention whose input has a static scale is QAttention, where that operator can say the
       same; any other one is a product, Split and MultiHeadAttention.
    """
    inputs = {}
    for value in quantized.group.values:
        first = next(layer for layer in quantized.group.layers if layer.value == value)
        nodes, inputs[value] = _integers(editor, value, quantized.grid, quantized.group.name)
        editor.insert_before(node_of(editor, first), nodes)
    for layer in quantized.group.layers:
        weight = quantized.weights[layer.weight]
        stored = store_weight(editor, layer.weight, weight)
        writer = _standard_layer
        if contrib:
            writer = _token_layer if quantized.grid.scale is None else _static_layer
        writer(editor, layer, inputs[layer.value], stored, quantized.biases[layer.output])
        look_up_integers(editor, layer.weight, stored, quantized.grid, quantized.group.name)
    if contrib:
        editor.require_contrib()


def _integers(
    editor: GraphEditor, value: str, grid: InputGrid, name: str
) -> tuple[list[onnx.NodeProto], _Input]:
    """Nodes that turn a value into uint8, and the names of what it became."""
    make, nodes, at = helper.make_node, [], value
    prefix = f"{value}.to_int8"
    if grid.multiplier is not None:
        multiplier = editor.constant(name, grid.multiplier, ending=MULTIPLIER)
        scaled = editor.value(f"{prefix}.scaled")
        nodes.append(make("Mul", [at, multiplier], [scaled]))
        at = scaled
    if grid.offset is not None:
        offset = editor.constant(name, grid.offset, ending=".input_offset")
        shifted = editor.value(f"{prefix}.shifted")
        nodes.append(make("Add", [at, offset], [shifted]))
        at = shifted
    if grid.scale is None:
        scale, steps = editor.value(f"{prefix}.scale"), editor.value(f"{prefix}.steps")
        nodes += _scale_per_token(editor, at, grid, scale)
        nodes.append(make("Div", [at, scale], [steps]))
        at, step = steps, editor.constant("one", np.float32(1))
    else:
        scale = step = editor.constant(name, np.float32(grid.scale), ending=".input_scale")
    dtype = np.dtype(f"uint{grid.bits}").type
    zero_point = editor.constant(f"uint{grid.bits}_{grid.zero_point}", dtype(grid.zero_point))
    codes = editor.value(f"{prefix}.codes")
    nodes.append(make("QuantizeLinear", [at, step, zero_point], [codes]))
    return nodes, _Input(codes, scale, zero_point)


def _scale_per_token(
    editor: GraphEditor, value: str, grid: InputGrid, scale: str
) -> list[onnx.NodeProto]:
    make, sizes, nodes = helper.make_node, value, []
    if grid.zero_point:  # else no value is below zero
        sizes = editor.value(f"{scale}.sizes")
        nodes.append(make("Abs", [value], [sizes]))
    largest, step = editor.value(f"{scale}.largest"), editor.value(f"{scale}.step")
    share = editor.constant(f"one_of_{grid.levels}", np.float32(1 / grid.levels))
    least = editor.constant("smallest_scale", np.float32(_SMALLEST_SCALE))
    return [
        *nodes,
        _reduce_max(editor, sizes, largest),
        make("Mul", [largest, share], [step]),
        make("Max", [step, least], [scale]),
    ]


def _reduce_max(editor: GraphEditor, value: str, output: str) -> onnx.NodeProto:
    """The largest value along the last axis; before opset 18 the axis was an attribute."""
    if editor.opset < 18:
        return helper.make_node("ReduceMax", [value], [output], axes=[-1], keepdims=1)
    axis = editor.constant("last_axis", np.array([-1], np.int64))
    return helper.make_node("ReduceMax", [value, axis], [output], keepdims=1)


def _token_layer(
    editor: GraphEditor,
    layer: LinearLayer,
    given: _Input,
    weight: StoredWeight,
    bias: Floats | None,
) -> None:
    product = _product(layer, given, weight, product_name(editor, layer, bias))
    put_product(editor, layer, [product], bias)


def _static_layer(
    editor: GraphEditor,
    layer: LinearLayer,
    given: _Input,
    weight: StoredWeight,
    bias: Floats | None,
) -> None:
    if layer.attention and _fits_qattention(editor, layer):
        _put_qattention(editor, layer, given, weight, bias)
    elif layer.attention or bias is None:
        _token_layer(editor, layer, given, weight, bias)
    else:
        product = _product(layer, given, weight, product_name(editor, layer, None))
        product.input.extend(["", bias_constant(editor, layer, bias)])
        put_product(editor, layer, [product], None)


def _product(
    layer: LinearLayer, given: _Input, weight: StoredWeight, output: str
) -> onnx.NodeProto:
    inputs = [given.codes, weight.values, given.scale, weight.scales, given.zero_point]
    return helper.make_node(
        "MatMulIntegerToFloat", inputs, [output], name=layer.name, domain=CONTRIB
    )


def _standard_layer(
    editor: GraphEditor,
    layer: LinearLayer,
    given: _Input,
    weight: StoredWeight,
    bias: Floats | None,
) -> None:
    make, product = helper.make_node, product_name(editor, layer, bias)
    floats, restored = (editor.value(f"{layer.output}.{part}") for part in ("input", "weight"))
    nodes = [
        make("DequantizeLinear", [given.codes, given.scale, given.zero_point], [floats]),
        make("DequantizeLinear", [weight.values, weight.scales], [restored], axis=1),
        make("MatMul", [floats, restored], [product], name=layer.name),
    ]
    put_product(editor, layer, nodes, bias)


def _fits_qattention(editor: GraphEditor, layer: LinearLayer) -> bool:
    """Whether QAttention says the same: it adds nothing to scores and knows one scale of them."""
    node = node_of(editor, layer)
    if any(node.input[ADDED_TO_SCORES:][:1]) or len(node.output) > 1:
        return False
    stated = attributes(node)
    width = editor.shape(layer.weight)[1] // 3 // int(stated["num_heads"])
    scale = float(stated.get("scale", 0)) or width**-0.5
    return bool(np.isclose(scale, width**-0.5)) and set(stated) <= {"num_heads", "scale"}


def _put_qattention(
    editor: GraphEditor,
    layer: LinearLayer,
    given: _Input,
    weight: StoredWeight,
    bias: Floats | None,
) -> None:
    node = node_of(editor, layer)
    added = np.zeros(editor.shape(layer.weight)[1], np.float32) if bias is None else bias
    mask = (*node.input, "", "")[MASK]
    heads = next(entry.i for entry in node.attribute if entry.name == "num_heads")
    attention = helper.make_node(
        "QAttention",
        [
            given.codes,
            weight.values,
            bias_constant(editor, layer, added),
            given.scale,
            weight.scales,
            mask,
            given.zero_point,
        ],
        list(node.output),
        name=node.name,
        domain=CONTRIB,
        num_heads=heads,
    )
    editor.replace([node], [attention])
