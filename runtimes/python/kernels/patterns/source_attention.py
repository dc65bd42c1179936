"""Attention of a target's tokens to their source, as `SourceAttention`."""

from __future__ import annotations

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph
from edgebert.runtimes.kernels.matching.operators import kernel_call
from edgebert.runtimes.kernels.patterns.scaled import (
    joined_heads,
    masking,
    parted_and_scaled,
    turned,
)


def write_source_attention(graph: MatchedGraph) -> None:
    """MatMul(Softmax(queries keys + mask), values) -> SourceAttention.

    1. Keys and values are inputs of the graph, [sources, heads, source tokens, size].
    2. The mask is one, int64 [sources, source tokens]; where it is 0, -10000 is added.
    3. Queries of all rows of a source are seen as its own.
    """
    for call in graph.of_type("Softmax"):
        product = graph.sole_reader(call.outputs[0])
        view = joined_heads(graph, product.outputs[0]) if product else None
        if call.attributes.get("axis", -1) not in (-1, 3) or product is None or view is None:
            continue
        attention = _attention(graph, call, product, view)
        if attention is not None:
            graph.replace(view, attention)


def _attention(graph: MatchedGraph, softmax: Call, product: Call, view: Call) -> Call | None:
    found = masking(graph, softmax.input(0))
    if found is None or (product.op_type, product.domain) != ("MatMul", ""):
        return None
    scores, mask = found
    keys, values = turned(graph, scores.input(1)), product.input(1)
    parted, shape = parted_and_scaled(graph, scores.input(0)), graph.shape(scores.input(0))
    kept = graph.shape(keys) if keys else None
    if (
        parted is None
        or kept is None
        or shape is None
        or not {keys, values, mask} <= graph.inputs.keys()
    ):
        return None
    query, scale = parted
    if graph.shape(values) != kept or graph.shape(mask) != (kept[0], kept[2]) or scale <= 0:
        return None
    if (shape[0], query.heads, query.size) != (kept[0], kept[1], kept[3]):
        return None
    if (
        graph.shape(query.value) != graph.shape(view.outputs[0])
        or product.input(0) != softmax.outputs[0]
    ):
        return None
    return kernel_call("SourceAttention", view, (query.value, keys, values, mask), {"scale": scale})
