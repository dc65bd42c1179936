"""Products of floats with a constant as `FloatLinear`: layers that were not quantized, and heads."""

from __future__ import annotations

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.matrices import matrix_shape
from edgebert.runtimes.kernels.matching.operators import kernel_call


def write_float_linears(graph: MatchedGraph) -> None:
    """MatMul(x, weight) and Gemm(x, weight, bias) -> FloatLinear.

    1. A Gemm multiplies by no number and transposes no x. Where it transposes its weight, that is
       stored the other way round, unless somebody else reads it: it is kept once.
    """
    for call in graph.of_type("MatMul"):
        if (linear := float_linear(graph, call, *call.inputs)) is not None:
            graph.replace(call, linear)
    for call in graph.of_type("Gemm"):
        weight = _weight_of_gemm(graph, call)
        linear = float_linear(graph, call, call.input(0), weight, call.input(2))
        if linear is not None:
            graph.replace(call, linear)


def float_linear(
    graph: MatchedGraph, call: Call, value: str, weight: str, bias: str = ""
) -> Call | None:
    """The product of a value and a constant [inputs, outputs]; None if they are none that fit."""
    given, shape = graph.shape(value), matrix_shape(graph, weight)
    if shape is None:
        return None
    if graph.is_constant(value) or not given or len(given) < 2 or given[-1] != shape[0]:
        return None
    if bias and not graph.is_floats(bias, shape[1]):
        return None
    return kernel_call("FloatLinear", call, (value, weight, bias))


def _weight_of_gemm(graph: MatchedGraph, call: Call) -> str:
    """The weight of a plain Gemm as [inputs, outputs], "" if it is another one."""
    stated = call.attributes
    if stated.get("transA") or stated.get("alpha", 1.0) != 1.0 or stated.get("beta", 1.0) != 1.0:
        return ""
    weight = call.input(1)
    if not stated.get("transB"):
        return weight
    values = graph.values(weight) if graph.sole_reader(weight) is call else None
    if values is None or values.ndim != 2 or values.dtype != np.float32:
        return ""
    return graph.add_constant(f"{weight}.transposed", np.ascontiguousarray(values.T))
