"""Shapes of the values of a graph, as far as they follow from those of its inputs.

Kernel operators neither broadcast nor guess: whoever wants to put one into a graph asks here first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from edgebert.onnx_graph.calls import Call

if TYPE_CHECKING:
    from edgebert.runtimes.kernels.matched_graph import MatchedGraph

Length = int | str
"""One length of a shape: a number, or the name of one that varies."""

Shape = tuple[Length, ...]


def shapes_of_values(graph: MatchedGraph) -> dict[str, Shape]:
    """Shapes of inputs and of all values that are understood; the others are missing."""
    known = _Shapes(graph)
    for call in graph.calls:
        infer = _INFERRED.get(call.op_type)
        if infer is not None and call.domain in ("", "com.microsoft"):
            infer(known, call)
    return known.shapes


class _Shapes:
    """What is known so far: shapes, and the values of small vectors of lengths."""

    def __init__(self, graph: MatchedGraph) -> None:
        self.graph = graph
        self.shapes: dict[str, Shape] = {}
        self.lengths: dict[str, Shape] = {}
        for name, (_, shape) in graph.inputs.items():
            if shape is not None and all(shape):  # an unnamed length may be anything
                self.shapes[name] = shape

    def shape(self, name: str) -> Shape | None:
        constant = self.graph.constant_shape(name)
        return self.shapes.get(name) if constant is None else constant

    def set(self, call: Call, shape: Shape | None, output: int = 0) -> None:
        if shape is not None and output < len(call.outputs):
            self.shapes[call.outputs[output]] = shape

    def axes(self, call: Call, place: int) -> tuple[int, ...] | None:
        """Axes, which were an attribute before they became an input; None where unknown."""
        if call.input(place):
            return self.graph.whole(call.input(place))
        axes = call.attributes.get("axes")
        if isinstance(axes, tuple):
            return tuple(int(axis) for axis in axes)
        return None

    def vector(self, name: str) -> Shape | None:
        """The numbers that a vector of integers holds."""
        return self.graph.whole(name) or self.lengths.get(name)


def _same(known: _Shapes, call: Call) -> None:
    known.set(call, known.shape(call.input(0)))


def _broadcast(known: _Shapes, call: Call) -> None:
    shapes = [known.shape(name) for name in call.inputs]
    result: Shape | None = ()
    for shape in shapes:
        if shape is None or result is None:
            return
        result = broadcast(result, shape)
    known.set(call, result)


def broadcast(one: Shape, other: Shape) -> Shape | None:
    """The shape of a sum; None where it depends on lengths that vary."""
    rank = max(len(one), len(other))
    pairs = zip((1,) * (rank - len(one)) + one, (1,) * (rank - len(other)) + other, strict=True)
    lengths: list[Length] = []
    for a, b in pairs:
        if a != b and a != 1 and b != 1:
            return None
        lengths.append(b if a == 1 else a)
    return tuple(lengths)


def _gather(known: _Shapes, call: Call) -> None:
    table, ids = known.shape(call.input(0)), known.shape(call.input(1))
    axis = call.attributes.get("axis", 0)
    if table is None or ids is None or not isinstance(axis, int):
        return
    axis %= max(len(table), 1)
    known.set(call, (*table[:axis], *ids, *table[axis + 1 :]))
    place = known.graph.number(call.input(1))
    if place is not None and (vector := known.vector(call.input(0))) is not None and axis == 0:
        known.lengths[call.outputs[0]] = (vector[int(place)],)


def _matmul(known: _Shapes, call: Call) -> None:
    one, other = known.shape(call.input(0)), known.shape(call.input(1))
    if one is None or other is None or len(one) < 2 or len(other) < 2:
        return
    batch = broadcast(one[:-2], other[:-2])
    if batch is not None and one[-1] == other[-2]:
        known.set(call, (*batch, one[-2], other[-1]))


def _gemm(known: _Shapes, call: Call) -> None:
    one, other = known.shape(call.input(0)), known.shape(call.input(1))
    if one is None or other is None or len(one) != 2 or len(other) != 2:
        return
    rows = one[1] if call.attributes.get("transA") else one[0]
    known.set(call, (rows, other[0] if call.attributes.get("transB") else other[1]))


def _attention(known: _Shapes, call: Call) -> None:
    """Attention and QAttention: as wide as the third of the weight."""
    given, weight = known.shape(call.input(0)), known.graph.constant_shape(call.input(1))
    if given is not None and len(given) == 3 and weight is not None and len(weight) == 2:
        known.set(call, (*given[:2], weight[1] // 3))


def _heads(known: _Shapes, call: Call) -> None:
    """MultiHeadAttention of three separate inputs."""
    query, value = known.shape(call.input(0)), known.shape(call.input(2))
    if query is not None and value is not None and len(query) == len(value) == 3:
        known.set(call, (*query[:2], value[2]))


def _split(known: _Shapes, call: Call) -> None:
    shape, axis = known.shape(call.input(0)), call.attributes.get("axis", 0)
    parts = known.graph.whole(call.input(1)) or call.attributes.get("split")
    if shape is None or not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return
    length = shape[axis % len(shape)]
    if parts is None and isinstance(length, int) and length % len(call.outputs) == 0:
        parts = (length // len(call.outputs),) * len(call.outputs)
    if isinstance(parts, tuple) and len(parts) == len(call.outputs):
        for place, part in enumerate(parts):
            known.set(call, _with(shape, axis, int(part)), place)


def _reduce(known: _Shapes, call: Call) -> None:
    shape, axes = known.shape(call.input(0)), known.axes(call, 1)
    if shape is None or not axes:
        return
    kept: list[Length | None] = list(shape)
    for axis in axes:
        if not -len(shape) <= axis < len(shape):
            return
        kept[axis] = 1 if call.attributes.get("keepdims", 1) else None
    known.set(call, tuple(length for length in kept if length is not None))


def _unsqueeze(known: _Shapes, call: Call) -> None:
    shape, axes = known.shape(call.input(0)), known.axes(call, 1)
    if shape is None or axes is None:
        return
    rank = len(shape) + len(axes)
    ones = {axis % rank for axis in axes}
    rest = iter(shape)
    known.set(call, tuple(1 if axis in ones else next(rest) for axis in range(rank)))
    if (vector := known.vector(call.input(0))) is not None:
        known.lengths[call.outputs[0]] = vector


def _squeeze(known: _Shapes, call: Call) -> None:
    shape, axes = known.shape(call.input(0)), known.axes(call, 1)
    if shape is None or axes is None:
        return
    gone = {axis % max(len(shape), 1) for axis in axes}
    known.set(call, tuple(length for axis, length in enumerate(shape) if axis not in gone))
    if (vector := known.vector(call.input(0))) is not None:
        known.lengths[call.outputs[0]] = vector


def _transpose(known: _Shapes, call: Call) -> None:
    shape, order = known.shape(call.input(0)), call.attributes.get("perm")
    if shape is not None and isinstance(order, tuple) and len(order) == len(shape):
        known.set(call, tuple(shape[int(axis)] for axis in order))


def _concat(known: _Shapes, call: Call) -> None:
    vectors = [known.vector(name) for name in call.inputs]
    if call.attributes.get("axis") == 0 and all(vector is not None for vector in vectors):
        known.lengths[call.outputs[0]] = tuple(length for v in vectors for length in v or ())
    shapes, axis = [known.shape(name) for name in call.inputs], call.attributes.get("axis", 0)
    first = shapes[0] if shapes else None
    if first is None or not isinstance(axis, int) or not -len(first) <= axis < len(first):
        return
    lengths = [shape[axis] for shape in shapes if shape and len(shape) == len(first)]
    numbers = [length for length in lengths if isinstance(length, int)]
    alike = all(s and _with(s, axis, 0) == _with(first, axis, 0) for s in shapes)
    if len(numbers) == len(shapes) and alike:
        known.set(call, _with(first, axis, sum(numbers)))


def _slice(known: _Shapes, call: Call) -> None:
    """One axis, from a number on to a number, or to a length that varies."""
    shape = known.shape(call.input(0))
    start, stop = known.vector(call.input(1)), known.vector(call.input(2))
    axes = known.graph.whole(call.input(3)) if call.input(3) else (0,)
    steps = known.graph.whole(call.input(4)) if call.input(4) else (1,)
    vectors = (start, stop, axes, steps)
    if shape is None or any(vector is None or len(vector) != 1 for vector in vectors):
        return
    assert start and stop and axes and steps
    length = _sliced(shape[axes[0]], start[0], stop[0])
    if steps == (1,) and length is not None and -len(shape) <= axes[0] < len(shape):
        known.set(call, _with(shape, axes[0], length))


def _sliced(length: Length, start: Length, stop: Length) -> Length | None:
    if isinstance(length, int) and isinstance(start, int) and isinstance(stop, int):
        return len(range(length)[start:stop])
    # a length that varies is cut short where there is no more; then nothing after it would fit
    return stop if start == 0 and isinstance(stop, str) else None


def _shape_of(known: _Shapes, call: Call) -> None:
    shape = known.shape(call.input(0))
    start, end = call.attributes.get("start", 0), call.attributes.get("end")
    if shape is not None and isinstance(start, int) and (end is None or isinstance(end, int)):
        known.lengths[call.outputs[0]] = shape[start:end]
        known.set(call, (len(shape[start:end]),))


def _with(shape: Shape, axis: int, length: Length) -> Shape:
    """The shape with another length along one axis."""
    lengths = list(shape)
    lengths[axis] = length
    return tuple(lengths)


_INFERRED: dict[str, Callable[[_Shapes, Call], None]] = {
    **dict.fromkeys(
        ["Cast", "Identity", "QuantizeLinear", "DequantizeLinear", "LayerNormalization", "SkipLayerNormalization", "SimplifiedLayerNormalization", "Gelu", "FastGelu", "BiasGelu", "QuickGelu", "Relu", "Tanh", "Sigmoid", "Erf", "Abs", "Clip", "Sqrt", "Neg", "Softmax", "Cos", "Sin", "Not", "RotaryEmbedding", "CumSum", "Floor", "Reciprocal"],
        _same,
    ),
    **dict.fromkeys(["Add", "Sub", "Mul", "Div", "Max", "Min", "Where", "Equal", "And", "Or", "Less", "Pow"], _broadcast),
    **dict.fromkeys(["ReduceMax", "ReduceSum", "ReduceMean", "ReduceL2", "ReduceMin"], _reduce),
    "MatMul": _matmul, "MatMulIntegerToFloat": _matmul, "Gemm": _gemm, "Gather": _gather,
    "Attention": _attention, "QAttention": _attention, "MultiHeadAttention": _heads,
    "Split": _split, "Unsqueeze": _unsqueeze, "Squeeze": _squeeze, "Transpose": _transpose,
    "Concat": _concat, "Slice": _slice, "Shape": _shape_of,
}  # fmt: skip
