"""Shapes of products, attention and whatever else is made of numbers."""

from __future__ import annotations

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.shapes import KnownShapes, Length, Shape, broadcast


def same(known: KnownShapes, call: Call) -> None:
    known.set(call, known.shape(call.input(0)))


def dynamic_quantize(known: KnownShapes, call: Call) -> None:
    """Codes, and one scale and zero point of all of them."""
    known.set(call, known.shape(call.input(0)))
    known.set(call, (), 1)
    known.set(call, (), 2)


def broadcast_all(known: KnownShapes, call: Call) -> None:
    shapes = [known.shape(name) for name in call.inputs]
    result: Shape | None = ()
    for shape in shapes:
        if shape is None or result is None:
            return
        result = broadcast(result, shape)
    known.set(call, result)


def matmul(known: KnownShapes, call: Call) -> None:
    one, other = known.shape(call.input(0)), known.shape(call.input(1))
    if one is None or other is None or len(one) < 2 or len(other) < 2:
        return
    batch = broadcast(one[:-2], other[:-2])
    if batch is not None and one[-1] == other[-2]:
        known.set(call, (*batch, one[-2], other[-1]))


def blocks(known: KnownShapes, call: Call) -> None:
    """MatMulNBits, which says how wide its output is."""
    shape, width = known.shape(call.input(0)), call.attributes.get("N")
    if shape and isinstance(width, int):
        known.set(call, (*shape[:-1], width))


def gemm(known: KnownShapes, call: Call) -> None:
    one, other = known.shape(call.input(0)), known.shape(call.input(1))
    if one is None or other is None or len(one) != 2 or len(other) != 2:
        return
    rows = one[1] if call.attributes.get("transA") else one[0]
    known.set(call, (rows, other[0] if call.attributes.get("transB") else other[1]))


def attention(known: KnownShapes, call: Call) -> None:
    """Attention and QAttention: as wide as the third of the weight."""
    given, weight = known.shape(call.input(0)), known.graph.constant_shape(call.input(1))
    if given is not None and len(given) == 3 and weight is not None and len(weight) == 2:
        known.set(call, (*given[:2], weight[1] // 3))


def heads(known: KnownShapes, call: Call) -> None:
    """MultiHeadAttention of three separate inputs."""
    query, value = known.shape(call.input(0)), known.shape(call.input(2))
    if query is not None and value is not None and len(query) == len(value) == 3:
        known.set(call, (*query[:2], value[2]))


def place_of(known: KnownShapes, call: Call) -> None:
    """ArgMax and ArgMin, along one axis."""
    shape, axis = known.shape(call.input(0)), call.attributes.get("axis", 0)
    if shape is None or not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return
    axis %= len(shape)
    kept = (1,) if call.attributes.get("keepdims", 1) else ()
    known.set(call, (*shape[:axis], *kept, *shape[axis + 1 :]))


def reduce(known: KnownShapes, call: Call) -> None:
    shape, axes = known.shape(call.input(0)), known.axes(call, 1)
    if shape is None or not axes:
        return
    kept: list[Length | None] = list(shape)
    for axis in axes:
        if not -len(shape) <= axis < len(shape):
            return
        kept[axis] = 1 if call.attributes.get("keepdims", 1) else None
    known.set(call, tuple(length for length in kept if length is not None))
