"""LayerNormalization over the last axis, and SkipLayerNormalization."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import CONTRIB, MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call


@dataclass(frozen=True)
class LayerNorm:
    """LayerNorm(value + residual) * gain + shift; "" for what is not there."""

    value: str
    residual: str
    gain: str
    shift: str
    epsilon: float


def write_layer_norms(graph: MatchedGraph) -> None:
    """What no other operator took in -> LayerNorm, with the sum before it that nobody else reads."""
    for op_type, domain in (("LayerNormalization", ""), ("SkipLayerNormalization", CONTRIB)):
        for call in graph.of_type(op_type, domain):
            norm = read_layer_norm(graph, call)
            if norm is not None:
                graph.replace(call, _operator(call, _with_sum(graph, norm)))


def read_layer_norm(graph: MatchedGraph, call: Call) -> LayerNorm | None:
    """What a call says, if `LayerNorm` can say it."""
    if any(graph.readers(name) or name in graph.outputs for name in call.outputs[1:] if name):
        return None
    if (call.op_type, call.domain) == ("SkipLayerNormalization", CONTRIB):
        return _skip(graph, call)
    if (call.op_type, call.domain) != ("LayerNormalization", ""):
        return None
    shape = graph.shape(call.input(0))
    if not shape or call.attributes.get("axis", -1) not in (-1, len(shape) - 1):
        return None
    if call.attributes.get("stash_type", 1) != 1:
        return None
    found = LayerNorm(call.input(0), "", call.input(1), call.input(2), _epsilon(call, 1e-5))
    return found if _fits(graph, found) else None


def _skip(graph: MatchedGraph, call: Call) -> LayerNorm | None:
    value, residual, gain, shift, bias = map(call.input, range(5))
    shape = graph.shape(value)
    if bias or shape is None or shape != graph.shape(residual):
        return None
    found = LayerNorm(value, residual, gain, shift, _epsilon(call, 1e-12))
    return found if _fits(graph, found) else None


def _epsilon(call: Call, default: float) -> float:
    epsilon = call.attributes.get("epsilon", default)
    return float(epsilon) if isinstance(epsilon, int | float) else default


def _fits(graph: MatchedGraph, norm: LayerNorm) -> bool:
    shape = graph.shape(norm.value)
    if not shape or not isinstance(shape[-1], int):
        return False
    shifted = not norm.shift or graph.is_floats(norm.shift, shape[-1])
    return shifted and graph.is_floats(norm.gain, shape[-1])


def _with_sum(graph: MatchedGraph, norm: LayerNorm) -> LayerNorm:
    """The same of the two values that were added for it alone."""
    added = graph.maker(norm.value, "Add")
    if norm.residual or added is None or graph.sole_reader(norm.value) is None:
        return norm
    value, residual = added.inputs
    shape = graph.shape(norm.value)
    if not shape == graph.shape(value) == graph.shape(residual):
        return norm
    if graph.is_constant(value) or graph.is_constant(residual):
        return norm
    return LayerNorm(value, residual, norm.gain, norm.shift, norm.epsilon)


def _operator(call: Call, norm: LayerNorm) -> Call:
    inputs = (norm.value, norm.residual, norm.gain, norm.shift)
    return kernel_call("LayerNorm", call, inputs, {"epsilon": norm.epsilon})
