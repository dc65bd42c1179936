"""What follows a product, taken into it: bias, activation, residual and LayerNorm, in this order."""

from __future__ import annotations

from dataclasses import replace

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.matrices import matrix_shape
from edgebert.runtimes.kernels.matching.operators import DOMAIN
from edgebert.runtimes.kernels.patterns.activations import read_activation
from edgebert.runtimes.kernels.patterns.layer_norm import read_layer_norm

PLACES = {
    "Linear": {
        "x": 0, "bias": 3, "before_gain": 6, "before_shift": 7, "residual": 8, "gain": 9,
        "shift": 10,
    },
    "FloatLinear": {"x": 0, "bias": 2, "residual": 3, "gain": 4, "shift": 5},
}  # fmt: skip
"""Where the two products take what stands before and behind them."""


def take_in_what_follows(graph: MatchedGraph) -> None:
    """Let every Linear and FloatLinear do what only its reader did with its output."""
    for op_type in PLACES:
        for call in graph.of_type(op_type, DOMAIN):
            linear: Call | None = call
            for step in (_bias, _activation, _residual, _layer_norm):
                while linear is not None and (wider := step(graph, linear)) is not None:
                    linear = wider


def with_inputs(call: Call, **named: str) -> Call:
    """The call with other inputs, named as in `PLACES`."""
    inputs = list(call.inputs)
    for name, value in named.items():
        place = PLACES[call.op_type][name]
        inputs += [""] * (place + 1 - len(inputs))
        inputs[place] = value
    return replace(call, inputs=tuple(inputs))


def has(call: Call, name: str) -> bool:
    return bool(call.input(PLACES[call.op_type][name]))


def _wider(graph: MatchedGraph, linear: Call, reader: Call, wider: Call) -> Call:
    """Put a call that does what both did in place of the reader; the first goes, as nobody reads it."""
    graph.replace(reader, wider := replace(wider, outputs=reader.outputs[:1]))
    assert not graph.has(linear)
    return wider


def _done(call: Call) -> int:
    """How far it is: 1 with a bias, 2 an activation, 3 a residual, 4 a LayerNorm."""
    if has(call, "gain"):
        return 4
    if has(call, "residual"):
        return 3
    return 2 if call.attributes.get("activation") else int(has(call, "bias"))


def _reader(graph: MatchedGraph, linear: Call, *op_types: str) -> Call | None:
    reader = graph.sole_reader(linear.outputs[0])
    return reader if reader and reader.op_type in op_types and not reader.domain else None


def _bias(graph: MatchedGraph, linear: Call) -> Call | None:
    reader = _reader(graph, linear, "Add")
    if reader is None or _done(linear) >= 1:
        return None
    (other,) = (name for name in reader.inputs if name != linear.outputs[0])
    if not graph.is_floats(other, *_outputs(graph, linear)):
        return None
    return _wider(graph, linear, reader, with_inputs(linear, bias=other))


def _activation(graph: MatchedGraph, linear: Call) -> Call | None:
    if _done(linear) >= 2:
        return None
    found = read_activation(graph, linear.outputs[0])
    if found is None:
        return None
    name, bias, last = found
    if bias and (has(linear, "bias") or graph.constant_shape(bias) != _outputs(graph, linear)):
        return None
    wider = with_inputs(linear, bias=bias) if bias else linear
    attributes = {**linear.attributes, "activation": name}
    graph.replace(last, wider := replace(wider, attributes=attributes, outputs=last.outputs))
    return wider


def _outputs(graph: MatchedGraph, linear: Call) -> tuple[int, ...]:
    shape = graph.constant_shape(linear.input(1)) or matrix_shape(graph, linear.input(1))
    return (shape or (0,))[-1:]


def _residual(graph: MatchedGraph, linear: Call) -> Call | None:
    reader = _reader(graph, linear, "Add")
    if reader is None or _done(linear) >= 3:
        return None
    (other,) = (name for name in reader.inputs if name != linear.outputs[0])
    shape = graph.shape(linear.outputs[0])
    if shape is None or graph.shape(other) != shape or graph.is_constant(other):
        return None
    return _wider(graph, linear, reader, with_inputs(linear, residual=other))


def _layer_norm(graph: MatchedGraph, linear: Call) -> Call | None:
    reader = graph.sole_reader(linear.outputs[0])
    norm = read_layer_norm(graph, reader) if reader is not None else None
    if norm is None or _done(linear) >= 4:
        return None
    if norm.residual:
        if has(linear, "residual"):
            return None
        other = norm.value if norm.residual == linear.outputs[0] else norm.residual
        linear_ = with_inputs(linear, residual=other)
    else:
        linear_ = linear
    wider = with_inputs(linear_, gain=norm.gain, shift=norm.shift)
    attributes = {**linear.attributes, "after_epsilon": norm.epsilon}
    assert reader is not None
    return _wider(graph, linear, reader, replace(wider, attributes=attributes))
