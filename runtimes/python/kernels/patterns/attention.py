"""Attention operators as `SelfAttention`, behind a product that makes query, key and value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import CONTRIB, MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call
from edgebert.runtimes.kernels.matching.padding import padding_is_masked
from edgebert.runtimes.kernels.matching.shapes import Shape
from edgebert.runtimes.kernels.matching.value_types import FLOAT, INT32
from edgebert.runtimes.kernels.patterns.float_linear import float_linear
from edgebert.runtimes.kernels.patterns.linear import quantized_linear

_HEADS = ".heads"  # behind the name of the product that makes query, key and value
_MASKED = -10000.0  # added to scores of what is masked, unless an operator says another number
_UNTOLD = (
    "unidirectional",
    "qkv_hidden_sizes",
    "do_rotary",
    "past_present_share_buffer",
    "rotary_embedding_dim",
)
"""Attributes of onnxruntime's operators that ask for more than attention among all tokens."""


def write_quantized_attention(graph: MatchedGraph) -> None:
    """QAttention -> Linear, SelfAttention.

    1. With a mask that is int32 [batch, sequence], or none; no past, no zero points of the weight.
    2. Its weight is [channels, 3 * width], query, key and value side by side, as `SelfAttention`
       reads them.
    """
    for call in graph.of_type("QAttention", CONTRIB) if padding_is_masked(graph) else ():
        codes, weight, bias, scale, weight_scale, mask, zero, weight_zero, past = map(
            call.input, range(9)
        )
        weights = (weight, weight_scale, weight_zero)
        linear = quantized_linear(graph, call, (codes, scale, zero), weights, bias)
        if linear is not None and not past:
            _put(graph, call, linear, mask)


def write_float_attention(graph: MatchedGraph) -> None:
    """Attention -> FloatLinear, SelfAttention, under the same conditions."""
    for call in graph.of_type("Attention", CONTRIB) if padding_is_masked(graph) else ():
        value, weight, bias, mask, past, added = map(call.input, range(6))
        linear = float_linear(graph, call, value, weight, bias)
        if linear is not None and not past and not any(call.inputs[6:]):
            _put(graph, call, linear, mask, added)


def _put(graph: MatchedGraph, call: Call, linear: Call, mask: str, added: str = "") -> None:
    """Put a product and the attention of its output in place of an operator that does both."""
    heads, (_, width) = head_count(call), graph.constant_shape(linear.input(1)) or (0, 0)
    if not heads or width % (3 * heads) or not is_plain(call):
        return
    given = graph.shape(linear.inputs[0])
    if given is None or len(given) != 3 or not fits_mask(graph, mask, given):
        return
    if not fits_scores(graph, added, given, heads):
        return
    merged = graph.value_name(f"{call.outputs[0]}.qkv")
    scale = stated_scale(call, width // 3 // heads)
    graph.put_shape(merged, given, width)
    attention = self_attention(call, (merged,), (mask, added), heads, scale)
    graph.replace(call, replace(linear, outputs=(merged,)), attention)


def self_attention(
    call: Call, inputs: tuple[str, ...], scores: tuple[str, str], heads: int, scale: float
) -> Call:
    """The operator in place of `call`.

    Args:
        call: an operator of attention.
        inputs: names of query, key and value, or of all three in one.
        scores: names of their mask, and of what is added to them.
        heads: how many.
        scale: what they are multiplied by.
    """
    given = (*inputs, *("",) * (3 - len(inputs)), *scores)
    made = kernel_call("SelfAttention", call, given, {"heads": heads, "scale": scale})
    return replace(made, name=f"{call.name.removesuffix(_HEADS)}{_HEADS}")


def head_count(call: Call) -> int:
    """How many heads an operator has; 0 where it does not say."""
    heads = call.attributes.get("num_heads", 0)
    return heads if isinstance(heads, int) and heads > 0 else 0


def stated_scale(call: Call, width: int) -> float:
    """What scores are multiplied by: 1 / sqrt(width of a head), unless an attribute says it."""
    scale = call.attributes.get("scale", 0.0)
    stated = float(scale) if isinstance(scale, int | float) else 0.0
    return stated or float(np.float32(1 / np.sqrt(width)))


def is_plain(call: Call) -> bool:
    """Whether every token may look at every other, and an operator gives nothing but its answer."""
    masked = call.attributes.get("mask_filter_value", _MASKED)
    scale = call.attributes.get("scale", 0.0)
    return (
        masked == _MASKED
        and isinstance(scale, int | float)
        and scale >= 0
        and not any(call.attributes.get(name) for name in _UNTOLD)
        and not any(call.outputs[1:])
    )


def fits_mask(graph: MatchedGraph, mask: str, tokens: Shape) -> bool:
    """Whether a mask is int32 [batch, sequence] of tokens [batch, sequence, width], or not there."""
    return not mask or (graph.shape(mask) == tokens[:2] and graph.data_type_of(mask) == INT32)


def fits_scores(graph: MatchedGraph, added: str, tokens: Shape, heads: int) -> bool:
    """Whether a value is [batch or 1, heads or 1, sequence, sequence], or not there."""
    if not added:
        return True
    shape, (batch, length, _) = graph.shape(added), tokens
    if shape is None or len(shape) != 4 or graph.data_type_of(added) != FLOAT:
        return False
    return shape[0] in (1, batch) and shape[1] in (1, heads) and shape[2:] == (length, length)
