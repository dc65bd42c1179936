"""How the input of a product of integers was quantized: read backwards from its codes.

The forms are those of `edgebert.quantize.forms.integers`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.value_types import FLOAT

_LEVELS = (127, 255)
_BY_ROW = ((127, 128, False), (255, 0, True), (255, 0, False))
"""Levels, zero point and whether Abs is missing, where each row has its own scale."""

_LEAST_SCALE = np.float32(1e-9)
_UINT8 = 2


@dataclass(frozen=True)
class QuantizedInput:
    """What `Linear` does before its product: codes of value * multiplier + offset.

    Attributes:
        value: name of the floats.
        multiplier, offset: names of constants [channels], "" for none.
        scale: of all rows; 0.0 where each has its own, its largest value / `levels`.
        zero_point: code of 0.
    """

    value: str
    multiplier: str
    offset: str
    scale: float
    zero_point: int
    levels: int


def read_quantized_input(
    graph: MatchedGraph, codes: str, scale: str, zero_point: str, channels: int
) -> QuantizedInput | None:
    """How `codes` came about; None if it was in another way than `Linear` knows."""
    quantize = graph.maker(codes, "QuantizeLinear")
    zero = graph.number(zero_point)
    if quantize is None or zero is None or quantize.input(2) != zero_point:
        return None
    if (
        graph.data_type(zero_point) != _UINT8
        or graph.data_type_of(scale) != FLOAT
        or not _rounds_all_alike(quantize)
    ):
        return None
    static = graph.number(scale)
    if static is not None:
        if quantize.input(1) != scale or not 0 < static < np.inf:
            return None
        shifted, levels = quantize.input(0), _LEVELS[0]
    else:
        found = _scaled_by_row(graph, quantize, scale, int(zero))
        if found is None:
            return None
        (shifted, levels), static = found, 0.0
    value, multiplier, offset = _untransformed(graph, shifted, channels)
    shape = graph.shape(value)
    if not shape or shape[-1] != channels:
        return None
    return QuantizedInput(value, multiplier, offset, static, int(zero), levels)


def _rounds_all_alike(quantize: Call) -> bool:
    """Whether nothing but scale and zero point says how it rounds (axis says nothing of one scale)."""
    stated = {name: value for name, value in quantize.attributes.items() if name != "axis"}
    return not any(stated.get(name) for name in ("block_size", "output_dtype", "precision")) and (
        stated.get("saturate", 1) == 1
    )


def _scaled_by_row(
    graph: MatchedGraph, quantize: Call, scale: str, zero_point: int
) -> tuple[str, int] | None:
    """The value that was divided by the scale of its row, and the levels of that scale.

    QuantizeLinear(Div(v, s), 1) with s = Max(Mul(ReduceMax(Abs(v)), 1 / levels), 1e-9). Without
    Abs, codes start at 0, and what is below zero becomes 0 whatever the scale.
    """
    steps = graph.maker(quantize.input(0), "Div")
    least = graph.maker(scale, "Max")
    if steps is None or least is None or graph.number(quantize.input(1)) != 1.0:
        return None
    share = graph.maker(*_apart(graph, least, _LEAST_SCALE), "Mul")
    if steps.input(1) != scale or share is None:
        return None
    for levels in _LEVELS:
        largest = graph.maker(*_apart(graph, share, np.float32(1 / levels)), "ReduceMax")
        if largest is not None and _along_rows(graph, largest):
            sizes = graph.maker(largest.input(0), "Abs")
            value = largest.input(0) if sizes is None else sizes.input(0)
            fits = value == steps.input(0) and (levels, zero_point, sizes is None) in _BY_ROW
            return (value, levels) if fits else None
    return None


def _apart(graph: MatchedGraph, call: Call, constant: np.float32) -> tuple[str]:
    """The other input of a call with two, of which one is this constant; "" if none is."""
    if len(call.inputs) == 2:
        for value, number in (call.inputs, call.inputs[::-1]):
            found = graph.number(number)
            if found is not None and graph.data_type(number) == 1 and found == float(constant):
                return (value,)
    return ("",)


def _along_rows(graph: MatchedGraph, reduce: Call) -> bool:
    axes = graph.whole(reduce.input(1)) if reduce.input(1) else reduce.attributes.get("axes")
    shape = graph.shape(reduce.input(0))
    last = {(-1,), (len(shape) - 1,)} if shape else {(-1,)}
    return axes in last and reduce.attributes.get("keepdims", 1) == 1


def _untransformed(graph: MatchedGraph, value: str, channels: int) -> tuple[str, str, str]:
    """What a value was before Mul and Add of one number a channel, and the names of these."""
    offset = multiplier = ""
    if (shift := graph.maker(value, "Add")) is not None:
        value, offset = _of_channels(graph, shift, channels) or (value, "")
    if (scale := graph.maker(value, "Mul")) is not None:
        value, multiplier = _of_channels(graph, scale, channels) or (value, "")
    return value, multiplier, offset


def _of_channels(graph: MatchedGraph, call: Call, channels: int) -> tuple[str, str] | None:
    """The value and the constant [channels] of a call that takes both."""
    for value, constant in (call.inputs, call.inputs[::-1]):
        shape = graph.shape(value)
        if graph.is_floats(constant, channels) and shape and shape[-1] == channels:
            return (value, constant) if not graph.is_constant(value) else None
    return None
