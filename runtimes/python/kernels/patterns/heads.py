"""MultiHeadAttention as `SelfAttention`, whether its three inputs lie in one value or in three."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.matching.matched_graph import CONTRIB, MatchedGraph
from edgebert.runtimes.kernels.matching.padding import padding_is_masked
from edgebert.runtimes.kernels.matching.value_types import FLOAT
from edgebert.runtimes.kernels.patterns.attention import (
    fits_mask,
    fits_scores,
    head_count,
    is_plain,
    self_attention,
    stated_scale,
)
from edgebert.runtimes.kernels.patterns.rotation import read_rotation
from edgebert.runtimes.kernels.patterns.thirds import unmoved, whole_of
from edgebert.runtimes.kernels.patterns.window import read_window

_KNOWN = ("query", "key", "value", "bias", "mask", "added")
"""The inputs that are understood; those behind them are a past."""


def write_heads(graph: MatchedGraph) -> None:
    """MultiHeadAttention(query, key, value, bias, mask, added) -> SelfAttention.

    1. The three are thirds of one value, or three values of the same shape: not those of another
       text.
    2. Query and key may be turned by their positions before.
    3. Its bias is added before, by the products that make the three where nobody else reads these.
    4. A mask is int32 [batch, sequence], and there is no past.
    5. What is added to scores is a bias, or a window of neighbours.
    """
    for call in graph.of_type("MultiHeadAttention", CONTRIB) if padding_is_masked(graph) else ():
        if (made := _attention(graph, call)) is not None:
            graph.replace(call, *made)


def _attention(graph: MatchedGraph, call: Call) -> tuple[Call, ...] | None:
    """The calls that do the same, the last of which gives the output."""
    query, key, value, bias, mask, added = map(call.input, range(len(_KNOWN)))
    shape, heads = graph.shape(query), head_count(call)
    if any(call.inputs[len(_KNOWN) :]) or not heads or not is_plain(call):
        return None
    if shape is None or len(shape) != 3 or not isinstance(shape[2], int) or shape[2] % heads:
        return None
    if graph.shape(key) != shape or graph.shape(value) != shape:
        return None
    if graph.data_type_of(query) != FLOAT:  # then all of them are
        return None
    if not fits_mask(graph, mask, shape) or not fits_scores(graph, added, shape, heads):
        return None
    width = shape[2] // heads
    rotation = read_rotation(graph, query, key, width)
    if rotation is not None:
        query, key = rotation.query, rotation.key
    query, key, value = (unmoved(graph, name) for name in (query, key, value))
    whole = whole_of(graph, (query, key, value))
    given: tuple[str, ...] = (whole,) if whole else (query, key, value)
    if bias and (rotation or len({*given}) < len(given) or not graph.is_floats(bias, 3 * shape[2])):
        return None
    sums = _biased(graph, given, bias) if bias else ()
    given = tuple(call.outputs[0] for call in sums) or given
    window = read_window(graph, added) if added else 0
    scores = (mask, "" if window else added)
    made = self_attention(call, given, scores, heads, stated_scale(call, width))
    made = replace(made, attributes={**made.attributes, "window": window})
    if rotation is not None:
        made = replace(made, inputs=(*made.inputs, rotation.cosines, rotation.sines))
    return (*sums, made)


def _biased(graph: MatchedGraph, given: tuple[str, ...], name: str) -> tuple[Call, ...]:
    """Sums of query, key and value with the bias of an attention, which products may take in."""
    values = graph.values(name)
    assert values is not None
    biases = [name]
    if len(given) > 1:
        parts = zip(("query", "key", "value"), np.split(values, len(given)), strict=True)
        biases = [graph.add_constant(f"{name}.{part}", third) for part, third in parts]
    sums = []
    for value, bias in zip(given, biases, strict=True):
        biased = graph.value_name(f"{value}.biased")
        graph.shapes[biased] = graph.shapes[value]
        sums.append(Call("Add", "", "", (value, bias), (biased,)))
    return tuple(sums)
