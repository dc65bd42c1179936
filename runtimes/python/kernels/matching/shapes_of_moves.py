"""Shapes of what only moves numbers, and of the lengths that such moves are made of."""

from __future__ import annotations

from math import prod

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.shapes import (
    KnownShapes,
    Length,
    Shape,
    broadcast,
    with_length,
)

TO_THE_END = 1 << 31
"""The end of a slice, or more, where it is to have all that there is."""


def gather(known: KnownShapes, call: Call) -> None:
    table, ids = known.shape(call.input(0)), known.shape(call.input(1))
    axis = call.attributes.get("axis", 0)
    if table is None or ids is None or not isinstance(axis, int):
        return
    axis %= max(len(table), 1)
    known.set(call, (*table[:axis], *ids, *table[axis + 1 :]))
    places, vector = known.graph.whole(call.input(1)), known.vector(call.input(0))
    if places is not None and vector is not None and len(table) == 1:
        known.set_vector(call, tuple(vector[place] for place in places))


def split(known: KnownShapes, call: Call) -> None:
    shape, axis = known.shape(call.input(0)), call.attributes.get("axis", 0)
    parts = known.graph.whole(call.input(1)) or call.attributes.get("split")
    if shape is None or not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return
    length = shape[axis % len(shape)]
    if parts is None and isinstance(length, int) and length % len(call.outputs) == 0:
        parts = (length // len(call.outputs),) * len(call.outputs)
    if isinstance(parts, tuple) and len(parts) == len(call.outputs):
        for place, part in enumerate(parts):
            known.set(call, with_length(shape, axis, int(part)), place)


def unsqueeze(known: KnownShapes, call: Call) -> None:
    shape, axes = known.shape(call.input(0)), known.axes(call, 1)
    if shape is None or axes is None:
        return
    rank = len(shape) + len(axes)
    ones = {axis % rank for axis in axes}
    rest = iter(shape)
    known.set(call, tuple(1 if axis in ones else next(rest) for axis in range(rank)))
    known.set_vector(call, known.vector(call.input(0)))


def squeeze(known: KnownShapes, call: Call) -> None:
    shape, axes = known.shape(call.input(0)), known.axes(call, 1)
    if shape is None or (axes is None and not _all_known(shape)):
        return
    ones = tuple(axis for axis, length in enumerate(shape) if length == 1)
    gone = {axis % max(len(shape), 1) for axis in (ones if axes is None else axes)}
    known.set(call, tuple(length for axis, length in enumerate(shape) if axis not in gone))
    known.set_vector(call, known.vector(call.input(0)))


def transpose(known: KnownShapes, call: Call) -> None:
    shape, order = known.shape(call.input(0)), call.attributes.get("perm")
    if shape is not None and isinstance(order, tuple) and len(order) == len(shape):
        known.set(call, tuple(shape[int(axis)] for axis in order))


def concat(known: KnownShapes, call: Call) -> None:
    vectors = [known.vector(name) for name in call.inputs]
    if call.attributes.get("axis") == 0 and all(vector is not None for vector in vectors):
        known.set_vector(call, tuple(length for vector in vectors for length in vector or ()))
    shapes, axis = [known.shape(name) for name in call.inputs], call.attributes.get("axis", 0)
    first = shapes[0] if shapes else None
    if first is None or not isinstance(axis, int) or not -len(first) <= axis < len(first):
        return
    lengths = [shape[axis] for shape in shapes if shape and len(shape) == len(first)]
    numbers = [length for length in lengths if isinstance(length, int)]
    alike = all(s and with_length(s, axis, 0) == with_length(first, axis, 0) for s in shapes)
    if len(lengths) == len(shapes) and alike:
        whole: Length = sum(numbers)
        if len(numbers) < len(lengths):
            whole = "+".join(map(str, lengths))
        known.set(call, with_length(first, axis, whole))


def slice_part(known: KnownShapes, call: Call) -> None:
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
        known.set(call, with_length(shape, axes[0], length))


def _sliced(length: Length, start: Length, stop: Length) -> Length | None:
    if isinstance(length, int) and isinstance(start, int) and isinstance(stop, int):
        return len(range(length)[start:stop])
    # a length that varies is cut short where there is no more; then nothing after it would fit
    if start == 0 and isinstance(stop, str):
        return stop
    if isinstance(length, str) and isinstance(start, str) and isinstance(stop, int):
        return length.removeprefix(f"{start}+") if _is_rest(length, start, stop) else None
    return None


def _is_rest(length: str, start: str, stop: int) -> bool:
    """Whether a slice takes what stands behind the first of two lengths, to the end."""
    return length.startswith(f"{start}+") and length.count("+") == 1 and stop >= TO_THE_END


def reshape(known: KnownShapes, call: Call) -> None:
    """To lengths that are known; one that is left open is what the others leave of all values."""
    given, wanted = known.shape(call.input(0)), known.vector(call.input(1))
    if wanted is not None and given is None and not {0, -1} & {*wanted}:
        return known.set(call, wanted)
    if given is None or wanted is None:
        return
    if 0 in wanted and (call.attributes.get("allowzero") or 0 in wanted[len(given) :]):
        return
    lengths = [given[axis] if length == 0 else length for axis, length in enumerate(wanted)]
    if -1 in lengths:
        open_length = _left(list(given), [length for length in lengths if length != -1])
        if open_length is None or lengths.count(-1) > 1:
            return
        lengths[lengths.index(-1)] = open_length
    known.set(call, tuple(lengths))


def _left(given: list[Length], taken: list[Length]) -> Length | None:
    """What is left of a product of lengths when others are divided out; None where nobody knows."""
    for length in [length for length in taken if isinstance(length, str)]:
        if length in given:
            given.remove(length)
            taken.remove(length)
    names = [length for length in given if isinstance(length, str)]
    shares = [length for length in taken if isinstance(length, str)]
    number = prod(length for length in given if isinstance(length, int))
    divisor = prod(length for length in taken if isinstance(length, int))
    if not divisor or number % divisor:
        return None
    if not names and not shares:
        return number // divisor
    if number != divisor or not names:
        return None
    return "/".join(("*".join(sorted(names)), *sorted(shares)))


def expand(known: KnownShapes, call: Call) -> None:
    given, wanted = known.shape(call.input(0)), known.vector(call.input(1))
    if given is not None and wanted is not None:
        known.set(call, broadcast(given, wanted))


def gather_nd(known: KnownShapes, call: Call) -> None:
    given, places = known.shape(call.input(0)), known.shape(call.input(1))
    batch = call.attributes.get("batch_dims", 0)
    if given and places and isinstance(batch, int) and isinstance(places[-1], int):
        known.set(call, (*places[:-1], *given[batch + places[-1] :]))


def gather_elements(known: KnownShapes, call: Call) -> None:
    known.set(call, known.shape(call.input(1)))


def count(known: KnownShapes, call: Call) -> None:
    """Range, from 0 to a length."""
    start, step = (known.graph.number(call.input(place)) for place in (0, 2))
    limit = known.vector(call.input(1))
    if (start, step) == (0, 1) and limit is not None and len(limit) == 1:
        known.set(call, limit)


def pass_on(known: KnownShapes, call: Call) -> None:
    """Cast and Identity, which keep shapes and lengths."""
    known.set(call, known.shape(call.input(0)))
    known.set_vector(call, known.vector(call.input(0)))


def _all_known(shape: Shape) -> bool:
    return all(isinstance(length, int) for length in shape)


def shape_of(known: KnownShapes, call: Call) -> None:
    shape = known.shape(call.input(0))
    start, end = call.attributes.get("start", 0), call.attributes.get("end")
    if shape is not None and isinstance(start, int) and (end is None or isinstance(end, int)):
        known.set_vector(call, shape[start:end])
        known.set(call, (len(shape[start:end]),))
