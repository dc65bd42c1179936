"""Activations behind a product, by the operators that they come as."""

from __future__ import annotations

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import CONTRIB, MatchedGraph

_ROOT_OF_2 = float(np.sqrt(np.float32(2)))
_NAMES = {
    ("Tanh", ""): "tanh",
    ("Relu", ""): "relu",
    ("Gelu", CONTRIB): "gelu",
    ("BiasGelu", CONTRIB): "gelu",
    ("FastGelu", CONTRIB): "tanh_gelu",
}


def read_activation(graph: MatchedGraph, value: str) -> tuple[str, str, Call] | None:
    """What is done with a value, if nothing else is.

    Returns:
        The activation's name, a constant that is added before it or "", and the call that ends it.
    """
    readers = graph.readers(value)
    if value in graph.outputs or not readers:
        return None
    if len(readers) == 2:
        return _silu(graph, value, readers) or _written_out_gelu(graph, value, readers)
    (call,) = readers[:1]
    name = _name(call) if len(readers) == 1 else None
    bias = call.input(1)
    if name is None or call.input(0) != value or (bias and not _is_vector(graph, bias)):
        return None
    return name, bias, call


def _name(call: Call) -> str | None:
    if (call.op_type, call.domain) == ("Gelu", ""):
        return {"none": "gelu", "tanh": "tanh_gelu"}.get(
            str(call.attributes.get("approximate", "none"))
        )
    if (call.op_type, call.domain) == ("QuickGelu", CONTRIB):
        return "silu" if call.attributes.get("alpha") == 1.0 else None
    return _NAMES.get((call.op_type, call.domain))


def _silu(
    graph: MatchedGraph, value: str, readers: tuple[Call, ...]
) -> tuple[str, str, Call] | None:
    """X * Sigmoid(x)."""
    sigmoid = next((c for c in readers if (c.op_type, c.domain) == ("Sigmoid", "")), None)
    last = sigmoid and graph.sole_reader(sigmoid.outputs[0])
    if sigmoid is None or not last or (last.op_type, last.domain) != ("Mul", ""):
        return None
    return ("silu", "", last) if set(last.inputs) == {value, sigmoid.outputs[0]} else None


def _written_out_gelu(
    graph: MatchedGraph, value: str, readers: tuple[Call, ...]
) -> tuple[str, str, Call] | None:
    """X * (0.5 * (1 + Erf(x / sqrt(2)))), as older operator sets have it."""
    part = next((c for c in readers if (c.op_type, c.domain) == ("Div", "")), None)
    if part is None or part.input(0) != value or graph.number(part.input(1)) != _ROOT_OF_2:
        return None
    name = part.outputs[0]
    last: Call | None = None
    for op_type, numbers in (("Erf", []), ("Add", [1.0]), ("Mul", [0.5]), ("Mul", [value])):
        step = graph.sole_reader(name)
        if step is None or (step.op_type, step.domain) != (op_type, ""):
            return None
        others = [other for other in step.inputs if other != name]
        if [o if o == value else graph.number(o) for o in others] != numbers:
            return None
        name, last = step.outputs[0], step
    return ("gelu", "", last) if last else None


def _is_vector(graph: MatchedGraph, name: str) -> bool:
    shape = graph.constant_shape(name)
    return shape is not None and len(shape) == 1 and graph.is_floats(name, *shape)
