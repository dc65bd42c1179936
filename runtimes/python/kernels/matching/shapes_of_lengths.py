"""Vectors of lengths that are computed, as older exporters spell out an Expand."""

from __future__ import annotations

from pathlib import Path

from edgebert.onnx_graph.calls import Call
from edgebert.onnx_graph.tensor_values import tensor_values
from edgebert.runtimes.kernels.matching.shapes import KnownShapes, Length, Shape


def filled(known: KnownShapes, call: Call) -> None:
    """ConstantOfShape: a value as often as a vector is long."""
    shape, tensor = known.vector(call.input(0)), call.tensors.get("value")
    known.set(call, shape)
    values = tensor_values(tensor, Path()) if tensor is not None else None
    if shape is None or len(shape) != 1 or not isinstance(shape[0], int) or values is None:
        return
    if values.size == 1 and values.dtype.kind == "i":
        known.set_vector(call, (int(values.reshape(-1)[0]),) * shape[0])


def flatten(known: KnownShapes, call: Call) -> None:
    """Reshape of a vector into one of the same length."""
    vector, shape = known.vector(call.input(0)), known.vector(call.input(1))
    if vector is not None and shape is not None and len(shape) == 1:
        known.set_vector(call, vector)


def multiply(known: KnownShapes, call: Call) -> None:
    pairs = _pairs(known, call.input(0), call.input(1))
    if pairs is not None and all(isinstance(length, int) for pair in pairs for length in pair):
        known.set_vector(call, tuple(int(a) * int(b) for a, b in pairs))


def equal(known: KnownShapes, call: Call) -> None:
    """1 where two lengths are equal, 0 where they are not: one that varies is no negative number."""
    pairs = _pairs(known, call.input(0), call.input(1))
    truths = [_equal(a, b) for a, b in pairs or ()]
    if truths and None not in truths:
        known.set_vector(call, tuple(int(bool(truth)) for truth in truths))


def choose(known: KnownShapes, call: Call) -> None:
    """Where, of truths that are known."""
    truths = known.vector(call.input(0))
    pairs = _pairs(known, call.input(1), call.input(2))
    if truths is not None and pairs is not None and len(truths) == len(pairs):
        chosen = zip(truths, pairs, strict=True)
        known.set_vector(call, tuple(yes if truth else no for truth, (yes, no) in chosen))


def _equal(one: Length, other: Length) -> bool | None:
    if one == other:
        return True
    numbers = [length for length in (one, other) if isinstance(length, int)]
    return False if len(numbers) == 2 or (numbers and numbers[0] < 0) else None


def _pairs(known: KnownShapes, one: str, other: str) -> list[tuple[Length, Length]] | None:
    """What two vectors hold at each place; one of a single number is spread."""
    a, b = known.vector(one), known.vector(other)
    if a is None or b is None:
        return None
    length = max(len(a), len(b))
    if not {len(a), len(b)} <= {1, length}:
        return None
    return list(zip(_spread(a, length), _spread(b, length), strict=True))


def _spread(vector: Shape, length: int) -> Shape:
    return vector * length if len(vector) == 1 else vector
