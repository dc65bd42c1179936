"""Products of integers as `Linear`: what quantizes the input goes into it."""

from __future__ import annotations

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import CONTRIB, MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call
from edgebert.runtimes.kernels.patterns.quantized_input import QuantizedInput, read_quantized_input

_INT8 = 3


def write_linears(graph: MatchedGraph) -> None:
    """MatMulIntegerToFloat(QuantizeLinear(...), weight) -> Linear, one for each product.

    Codes that several products share are made in each of them anew: that costs less than it would
    to write them to memory.
    """
    for call in graph.of_type("MatMulIntegerToFloat", CONTRIB):
        codes, weight, scale, weight_scale, zero_point, weight_zero, bias = map(
            call.input, range(7)
        )
        linear = quantized_linear(
            graph, call, (codes, scale, zero_point), (weight, weight_scale, weight_zero), bias
        )
        if linear is not None:
            graph.replace(call, linear)


def write_standard_linears(graph: MatchedGraph) -> None:
    """MatMul(DequantizeLinear(QuantizeLinear(...)), DequantizeLinear(weight)) -> Linear."""
    for call in graph.of_type("MatMul"):
        given, weights = (graph.maker(name, "DequantizeLinear") for name in call.inputs)
        if given is None or weights is None or not (_by_column(graph, weights) and _plain(given)):
            continue
        linear = quantized_linear(graph, call, _parts(given), _parts(weights), "")
        if linear is not None:
            graph.replace(call, linear)


def _by_column(graph: MatchedGraph, weights: Call) -> bool:
    """Whether each column of a matrix has its scale, or all have one."""
    axis = weights.attributes.get("axis", 1)
    return _plain(weights) and (
        axis in (1, -1) or graph.constant_shape(weights.input(1)) in ((), (1,))
    )


def _plain(dequantize: Call) -> bool:
    return not any(value for name, value in dequantize.attributes.items() if name != "axis")


def _parts(dequantize: Call) -> tuple[str, str, str]:
    """Values, scale and zero point."""
    return dequantize.input(0), dequantize.input(1), dequantize.input(2)


def quantized_linear(
    graph: MatchedGraph,
    call: Call,
    given: tuple[str, str, str],
    weights: tuple[str, str, str],
    bias: str,
) -> Call | None:
    """The `Linear` of an operator's input and weight, each as values, scale and zero point.

    Returns:
        A call named as `call`, which gives its output; None where it would not be the same.
    """
    weight, scale, zero_point = weights
    shape = graph.constant_shape(weight)
    if shape is None or len(shape) != 2 or graph.data_type(weight) != _INT8:
        return None
    if (zero_point and not _all_zero(graph, zero_point)) or not _fits(graph, bias, shape[1]):
        return None
    scales = _scales(graph, scale, shape[1])
    quantized = read_quantized_input(graph, *given, shape[0])
    if quantized is None or not scales:
        return None
    inputs = (quantized.value, weight, scales, bias, quantized.multiplier, quantized.offset)
    return kernel_call("Linear", call, inputs, _attributes(quantized))


def _attributes(quantized: QuantizedInput) -> dict[str, float | int]:
    return {
        "scale": quantized.scale,
        "zero_point": quantized.zero_point,
        "levels": quantized.levels,
    }


def _all_zero(graph: MatchedGraph, name: str) -> bool:
    values = graph.values(name)
    return values is not None and not np.any(values)


def _fits(graph: MatchedGraph, bias: str, outputs: int) -> bool:
    return not bias or graph.is_floats(bias, outputs)


def _scales(graph: MatchedGraph, name: str, outputs: int) -> str:
    """Name of the weight's scales in a shape that `Linear` takes, "" where they are none."""
    if graph.is_floats(name, outputs) or graph.is_floats(name, 1):
        return name
    values = graph.values(name) if graph.is_floats(name) else None
    return "" if values is None else graph.add_constant(f"{name}.one", values.reshape(1))
