"""Scheme `weight-only`: weights in 8 or 4 bits, activations as floats in the graph.

On onnxruntime's CPU provider MatMulNBits rounds activations too, for each token and block of
inputs by itself: the most accurate of the integer forms, and the slowest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from onnx import helper

from edgebert.onnx_graph.in_memory.edits import CONTRIB
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.weights import BLOCKS
from edgebert.quantize.forms.linear_layers import LayerGroup
from edgebert.quantize.forms.products import product_name, put_product, store_weight
from edgebert.quantize.forms.rounding import Floats, IntegerWeight

BLOCK = 32
"""Inputs that share a scale, for each output."""

_INTEGER_ACTIVATIONS = 4  # accuracy_level of MatMulNBits


@dataclass(frozen=True)
class BlockedWeight:
    """A weight in blocks along its inputs, as MatMulNBits takes it.

    Attributes:
        values: uint8 [outputs, blocks, bytes of a block]; two 4-bit values a byte, the first low.
        scales: float32 [outputs, blocks].
    """

    values: npt.NDArray[np.uint8]
    scales: Floats


def block_weight(weight: Floats, bits: int) -> BlockedWeight:
    """Round a weight, float32 [inputs, outputs], to the nearest of 8 or 4 bits in each block."""
    inputs, outputs = weight.shape
    blocks = -(-inputs // BLOCK)
    padded = np.zeros((blocks * BLOCK, outputs), np.float32)
    padded[:inputs] = weight
    parts = padded.T.reshape(outputs, blocks, BLOCK)
    center = 1 << (bits - 1)
    # the largest value of a block, with its sign, becomes the lowest code: all codes are used
    place = np.abs(parts).argmax(axis=-1, keepdims=True)
    scales = np.take_along_axis(parts, place, axis=-1) / -np.float32(center)
    safe = np.where(scales == 0, np.float32(1), scales)
    codes = np.clip(np.rint(parts / safe) + center, 0, 2 * center - 1).astype(np.uint8)
    if bits == 4:
        codes = codes[..., 0::2] | (codes[..., 1::2] << 4)
    return BlockedWeight(codes, np.asarray(scales[..., 0], np.float32))


def write_blocked_group(
    editor: GraphEditor,
    group: LayerGroup,
    weights: dict[str, BlockedWeight],
    biases: dict[str, Floats | None],
    *,
    bits: int,
) -> None:
    """Replace the layers of a group by MatMulNBits, with the bias added after it."""
    for layer in group.layers:
        inputs, outputs = editor.shape(layer.weight)
        bias, weight = biases[layer.output], weights[layer.weight]
        values, scales = editor.constants(
            layer.weight, {BLOCKS: weight.values, ".block_scales": weight.scales.reshape(-1)}
        )
        node = helper.make_node(
            "MatMulNBits",
            [layer.value, values, scales],
            [product_name(editor, layer, bias)],
            name=layer.name,
            domain=CONTRIB,
            K=inputs,
            N=outputs,
            bits=bits,
            block_size=BLOCK,
            accuracy_level=_INTEGER_ACTIVATIONS,
        )
        put_product(editor, layer, [node], bias)
    editor.require_contrib()


def write_restored_group(
    editor: GraphEditor,
    group: LayerGroup,
    weights: dict[str, IntegerWeight],
    biases: dict[str, Floats | None],
) -> None:
    """Replace the layers of a group by MatMul(x, DequantizeLinear(weight)): standard operators."""
    for layer in group.layers:
        bias, restored = biases[layer.output], editor.value(f"{layer.output}.weight")
        product = product_name(editor, layer, bias)
        stored = store_weight(editor, layer.weight, weights[layer.weight])
        nodes = [
            helper.make_node(
                "DequantizeLinear", [stored.values, stored.scales], [restored], axis=1
            ),
            helper.make_node("MatMul", [layer.value, restored], [product], name=layer.name),
        ]
        put_product(editor, layer, nodes, bias)
