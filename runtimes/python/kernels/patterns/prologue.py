"""What stands before a product of integers, taken into it: a gated activation, or LayerNorm."""

from __future__ import annotations

from dataclasses import replace

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import DOMAIN
from edgebert.runtimes.kernels.patterns.activations import read_activation
from edgebert.runtimes.kernels.patterns.epilogue import has, with_inputs
from edgebert.runtimes.kernels.patterns.layer_norm import read_layer_norm


def take_in_what_stands_before(graph: MatchedGraph) -> None:
    """Let every Linear do itself what was done for it alone.

    1. LayerNormalization(x) -> the same inside, with its gain and shift.
    2. Mul(activation(first), second), the halves of one value along its last axis -> a gate.
    3. What others read too stays outside: it would be done twice.
    """
    for linear in graph.of_type("Linear", DOMAIN):
        if graph.sole_reader(linear.inputs[0]) is not linear:
            continue
        wider = _gated(graph, linear) or _normed(graph, linear)
        if wider is not None:
            graph.replace(linear, wider)


def _normed(graph: MatchedGraph, linear: Call) -> Call | None:
    call = graph.maker(linear.inputs[0], "LayerNormalization")
    norm = read_layer_norm(graph, call) if call is not None else None
    if norm is None or has(linear, "before_gain") or linear.attributes.get("gate"):
        return None
    named = with_inputs(linear, x=norm.value, before_gain=norm.gain, before_shift=norm.shift)
    return replace(named, attributes={**linear.attributes, "before_epsilon": norm.epsilon})


def _gated(graph: MatchedGraph, linear: Call) -> Call | None:
    product = graph.maker(linear.inputs[0], "Mul")
    if product is None or has(linear, "before_gain") or len(product.inputs) != 2:
        return None
    for activated, plain in (product.inputs, product.inputs[::-1]):
        split = graph.maker(plain, "Split")
        if split is None or not _halves(graph, split) or plain != split.outputs[1]:
            continue
        found = read_activation(graph, split.outputs[0])
        fits = found is not None and not found[1] and found[2].outputs[0] == activated
        if fits and found and graph.sole_reader(activated) is graph.sole_reader(plain) is product:
            attributes = {**linear.attributes, "gate": found[0]}
            return replace(with_inputs(linear, x=split.input(0)), attributes=attributes)
    return None


def _halves(graph: MatchedGraph, split: Call) -> bool:
    """Whether a Split cuts the last axis in the middle."""
    shape, parts = graph.shape(split.input(0)), [graph.shape(name) for name in split.outputs]
    axis = split.attributes.get("axis", 0)
    if shape is None or len(parts) != 2 or parts[0] != parts[1] or axis not in (-1, len(shape) - 1):
        return False
    return parts[0] is not None and isinstance(shape[-1], int) and len(parts[0]) == len(shape)
