"""Attention of new tokens to their past and to each other, as `PastAttention`."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call
from edgebert.runtimes.kernels.matching.shapes_of_moves import TO_THE_END
from edgebert.runtimes.kernels.patterns.scaled import (
    counted,
    joined_heads,
    masking,
    parted_and_scaled,
    parted_heads,
    spread_along,
    turned,
)


@dataclass(frozen=True)
class _Side:
    """Keys and values that are looked at, and the truths that say where."""

    query: str
    keys: str
    values: str
    allowed: str


def write_past_attention(graph: MatchedGraph) -> None:
    """Softmax over scores of a past and of new tokens, and two products -> PastAttention.

    1. Scores of both are masked by -10000 and put side by side, those of the past first.
    2. A row looks at as much of its past as `past_lengths` says, and new tokens at those before
       them and themselves.
    3. Past keys and values are inputs of the graph, [rows, heads, past, size].
    """
    for call in graph.of_type("Softmax"):
        found = _sides(graph, call)
        answer = _sum_of_answers(graph, found) if found else None
        view = joined_heads(graph, answer) if answer else None
        attention = _attention(graph, *found, view) if found and view else None
        if view is not None and attention is not None:
            graph.replace(view, attention)


def _sides(graph: MatchedGraph, softmax: Call) -> tuple[_Side, _Side] | None:
    """The past and the new tokens that a Softmax weighs, and nobody else does."""
    both = graph.maker(softmax.input(0), "Concat")
    readers = graph.readers(softmax.outputs[0])
    if both is None or len(both.inputs) != 2 or len(readers) != 2:
        return None
    if softmax.attributes.get("axis", -1) not in (-1, 3) or both.attributes.get("axis") not in (
        -1,
        3,
    ):
        return None
    past, new = (_side(graph, *pair) for pair in zip(both.inputs, readers, strict=True))
    return (past, new) if past and new and _parted(graph, past, readers) else None


def _side(graph: MatchedGraph, scores: str, part: Call) -> _Side | None:
    found = masking(graph, scores)
    product = graph.sole_reader(part.outputs[0])
    if found is None or product is None or (product.op_type, product.domain) != ("MatMul", ""):
        return None
    if product.input(0) != part.outputs[0]:
        return None
    keys = turned(graph, found[0].input(1))
    return _Side(found[0].input(0), keys, product.input(1), found[1]) if keys else None


def _parted(graph: MatchedGraph, past: _Side, parts: tuple[Call, ...]) -> bool:
    """Whether two Slices take the weights of the past, and those behind them."""
    if [part.op_type for part in parts] != ["Slice", "Slice"]:
        return False
    first, second = parts
    shape, weights = graph.shape(past.keys), graph.shape(first.outputs[0])
    if shape is None or weights is None or weights[3:] != shape[2:3]:
        return False
    plain = all(
        graph.whole(part.input(3)) in ((3,), (-1,))
        and (not part.input(4) or graph.whole(part.input(4)) == (1,))
        for part in parts
    )
    end = graph.whole(second.input(2)) or (0,)
    return (
        plain
        and graph.whole(first.input(1)) == (0,)
        and first.input(2) == second.input(1)
        and end[0] >= TO_THE_END
    )


def _sum_of_answers(graph: MatchedGraph, sides: tuple[_Side, _Side]) -> str | None:
    """The sum of what the weights of both sides make of their values."""
    products = []
    for side in sides:
        products += [c for c in graph.readers(side.values) if c.op_type == "MatMul"]
    sums = {
        added.outputs[0]
        for c in products
        if (added := graph.sole_reader(c.outputs[0])) and added.op_type == "Add"
    }
    return sums.pop() if len(sums) == 1 and len(products) == 2 else None


def _attention(graph: MatchedGraph, past: _Side, new: _Side, view: Call) -> Call | None:
    found, lengths = parted_and_scaled(graph, past.query), _lengths(graph, past)
    key, value = parted_heads(graph, new.keys), parted_heads(graph, new.values)
    if found is None or key is None or value is None or past.query != new.query or not lengths:
        return None
    query, scale = found
    kept, shape = graph.shape(past.keys), graph.shape(view.outputs[0])
    if kept is None or shape is None or kept != graph.shape(past.values) or scale <= 0:
        return None
    if not {past.keys, past.values} <= graph.inputs.keys() or not _sees_itself(
        graph, new, shape[1]
    ):
        return None
    for parted in (query, key, value):
        given = graph.shape(parted.value)
        if (
            (parted.heads, parted.size) != (kept[1], kept[3])
            or given is None
            or given[:2] != shape[:2]
        ):
            return None
    if shape != (kept[0], shape[1], query.heads * query.size):
        return None
    inputs = (query.value, key.value, value.value, past.keys, past.values, lengths)
    parts = {"query_part": query.part, "key_part": key.part, "value_part": value.part}
    return kernel_call("PastAttention", view, inputs, {"scale": scale, **parts})


def _lengths(graph: MatchedGraph, past: _Side) -> str:
    """The input that says how much of its past each row looks at."""
    less, shape = graph.maker(past.allowed, "Less"), graph.shape(past.keys)
    if (
        less is None
        or shape is None
        or len(shape) != 4
        or counted(graph, less.input(0)) != shape[2]
    ):
        return ""
    lengths = spread_along(graph, less.input(1), 1)
    return lengths if lengths in graph.inputs and graph.shape(lengths) == shape[:1] else ""


def _sees_itself(graph: MatchedGraph, new: _Side, tokens: int | str) -> bool:
    """Whether a key is looked at where it stands at most where the query does."""
    near = graph.maker(new.allowed, "LessOrEqual")
    if near is None:
        return False
    keys, queries = spread_along(graph, near.input(0), 0), spread_along(graph, near.input(1), 1)
    return bool(keys and queries) and counted(graph, keys) == counted(graph, queries) == tokens
