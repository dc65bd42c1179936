"""Numbers that a value is multiplied by, heads that a value is parted into, and what masks scores."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.patterns.window import allowed_by

_HEADS_BEFORE_TOKENS = (0, 2, 1, 3)


def without_number(graph: MatchedGraph, value: str) -> tuple[str, float]:
    """What a value is the multiple of, and the number; the value itself and 1 where it is of none."""
    call = graph.maker(value, "Mul")
    for other, number in (call.inputs, call.inputs[::-1]) if call else ():
        found = graph.number(number)
        if found is not None and graph.constant_shape(number) in ((), (1,)):
            return other, found
    return value, 1.0


@dataclass(frozen=True)
class Parted:
    """Heads [rows, heads, tokens, size] as they lie in a value [rows, tokens, parts * heads * size]."""

    value: str
    part: int
    heads: int
    size: int


def parted_heads(graph: MatchedGraph, value: str) -> Parted | None:
    """What was parted into heads, by itself or as one of several parts; None if nothing was."""
    split = graph.maker(value, "Split")
    together = split.input(0) if split else value
    moved = graph.maker(together, "Transpose")
    view = graph.maker(moved.input(0), "Reshape") if moved else None
    if moved is None or view is None or moved.attributes.get("perm") != _HEADS_BEFORE_TOKENS:
        return None
    given, parted, heads = (graph.shape(name) for name in (view.input(0), view.outputs[0], value))
    if given is None or parted is None or heads is None or len(given) != 3 or len(heads) != 4:
        return None
    if split and (split.attributes.get("axis", 0) != 1 or not _alike(graph, split)):
        return None
    _, count, _, size = heads
    if not isinstance(count, int) or not isinstance(size, int) or parted[3] != size:
        return None
    parts = len(split.outputs) if split else 1
    if parted[2] != parts * count or given[2] != parts * count * size:
        return None
    return Parted(view.input(0), split.outputs.index(value) if split else 0, count, size)


def parted_and_scaled(graph: MatchedGraph, value: str) -> tuple[Parted, float] | None:
    """The same of a value that is multiplied by a number, before it is parted or after."""
    heads, after = without_number(graph, value)
    parted = parted_heads(graph, heads)
    if parted is None:
        return None
    whole, before = without_number(graph, parted.value)
    return replace(parted, value=whole), before * after


def _alike(graph: MatchedGraph, split: Call) -> bool:
    return len({graph.shape(name) for name in split.outputs}) == 1


def joined_heads(graph: MatchedGraph, value: str) -> Call | None:
    """The call that sees heads [.., heads, tokens, size] as [rows, tokens, width] again."""
    moved = graph.sole_reader(value)
    if moved is None or (moved.op_type, moved.domain) != ("Transpose", ""):
        return None
    view = graph.sole_reader(moved.outputs[0])
    if view is None or (view.op_type, view.domain) != ("Reshape", ""):
        return None
    shape = graph.shape(view.outputs[0])
    fits = moved.attributes.get("perm") == _HEADS_BEFORE_TOKENS
    return view if fits and shape is not None and len(shape) == 3 else None


def turned(graph: MatchedGraph, value: str) -> str:
    """Keys [.., tokens, size] of a value [.., size, tokens]; "" if it is made otherwise."""
    call = graph.maker(value, "Transpose")
    return call.input(0) if call and call.attributes.get("perm") == (0, 1, 3, 2) else ""


def masking(graph: MatchedGraph, scores: str) -> tuple[Call, str] | None:
    """A product of queries and keys, and the truths of the keys that each query looks at.

    Scores are that product, plus -10000 where the truth is none. The truths may be named without
    the axes of heads and queries.
    """
    added = graph.maker(scores, "Add")
    for product, mask in (added.inputs, added.inputs[::-1]) if added else ():
        if (call := graph.maker(product, "MatMul")) is not None:
            spread = graph.maker(mask, "Unsqueeze")
            if spread is not None and graph.whole(spread.input(1)) == (1, 2):
                mask = spread.input(0)
            return (call, truths) if (truths := allowed_by(graph, mask)) else None
    return None


def counted(graph: MatchedGraph, value: str) -> str | int:
    """How many numbers a value counts from 0; "" where it does not."""
    call, shape = graph.maker(value, "Range"), graph.shape(value)
    if call is None or shape is None or len(shape) != 1:
        return ""
    return shape[0] if (graph.number(call.input(0)), graph.number(call.input(2))) == (0, 1) else ""


def spread_along(graph: MatchedGraph, value: str, axis: int) -> str:
    """What a value is, but for an axis of length 1; "" if it has none there."""
    call, shape = graph.maker(value, "Unsqueeze"), graph.shape(value)
    if call is None or shape is None:
        return ""
    return call.input(0) if graph.whole(call.input(1)) in ((axis,), (axis - len(shape),)) else ""
