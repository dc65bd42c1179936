"""Query, key and value as thirds of one value, which is how a merged projection makes them."""

from __future__ import annotations

from math import prod

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph


def whole_of(graph: MatchedGraph, thirds: tuple[str, str, str]) -> str:
    """The value whose thirds along the last axis these are, in this order; "" if they are not.

    1. The outputs of a Split into three.
    2. Of a value [batch, sequence, 3 * width] seen as [batch, sequence, 3, ...]: what Slice and
       Squeeze, or Gather, take of the third axis, seen as [batch, sequence, width] again.
    """
    found = [_split(graph, value) or _view(graph, value) for value in thirds]
    wholes = {third[0] for third in found if third is not None}
    if len(wholes) != 1 or [third and third[1] for third in found] != [0, 1, 2]:
        return ""
    (whole,) = wholes
    shape, part = graph.shape(whole), graph.shape(thirds[0])
    if shape is None or part is None or len(part) != 3 or not isinstance(part[2], int):
        return ""
    return whole if shape == (*part[:2], 3 * part[2]) else ""


def unmoved(graph: MatchedGraph, value: str) -> str:
    """The value that one is a view of: by axes of heads that were swapped and swapped back."""
    flat = graph.maker(value, "Reshape")
    order: tuple[int, ...] = (0, 1, 2, 3)
    name = flat.input(0) if flat else ""
    while (moved := graph.maker(name, "Transpose")) is not None:
        swap = moved.attributes.get("perm")
        if not isinstance(swap, tuple) or len(swap) != len(order):
            return value
        order = tuple(int(swap[place]) for place in order)
        name = moved.input(0)
    view = graph.maker(name, "Reshape")
    if flat is None or view is None or order != (0, 1, 2, 3):
        return value
    shape = graph.shape(value)
    return view.input(0) if shape is not None and graph.shape(view.input(0)) == shape else value


def _split(graph: MatchedGraph, value: str) -> tuple[str, int] | None:
    split = graph.maker(value, "Split")
    if split is None or len(split.outputs) != 3 or split.attributes.get("axis") not in (-1, 2):
        return None
    parts = {graph.shape(name) for name in split.outputs}
    return (split.input(0), split.outputs.index(value)) if len(parts) == 1 else None


def _view(graph: MatchedGraph, value: str) -> tuple[str, int] | None:
    """Of Reshape(part of Reshape(whole)): the whole, and which third of it."""
    flat = graph.maker(value, "Reshape")
    taken = _taken(graph, flat.input(0)) if flat else None
    view = graph.maker(taken[0], "Reshape") if taken else None
    if flat is None or taken is None or view is None:
        return None
    whole, parts, shape = (graph.shape(n) for n in (view.input(0), taken[0], value))
    if whole is None or parts is None or shape is None or len(whole) != 3 or len(parts) < 4:
        return None
    lengths = [length for length in parts[3:] if isinstance(length, int)]
    width = prod(lengths) if len(lengths) == len(parts) - 3 else 0
    if whole != (*parts[:2], 3 * width) or parts[2] != 3 or shape != (*parts[:2], width):
        return None
    return view.input(0), taken[1]


def _taken(graph: MatchedGraph, value: str) -> tuple[str, int] | None:
    """What one place of the third axis was taken of, and which."""
    gather = graph.maker(value, "Gather")
    if gather is not None:
        place = graph.whole(gather.input(1))
        scalar = graph.constant_shape(gather.input(1)) == ()
        fits = gather.attributes.get("axis") == 2 and scalar and place
        return (gather.input(0), place[0]) if fits and place else None
    squeeze = graph.maker(value, "Squeeze")
    part = graph.maker(squeeze.input(0), "Slice") if squeeze else None
    if squeeze is None or part is None or graph.whole(squeeze.input(1)) != (2,):
        return None
    return _one_of(graph, part)


def _one_of(graph: MatchedGraph, part: Call) -> tuple[str, int] | None:
    start, stop, axes = (graph.whole(part.input(place)) for place in (1, 2, 3))
    step = graph.whole(part.input(4)) if part.input(4) else (1,)
    if not start or start[0] < 0 or stop != (start[0] + 1,) or axes != (2,) or step != (1,):
        return None
    return part.input(0), start[0]
