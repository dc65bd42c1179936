"""MultiHeadAttention as `SelfAttention`, whether its three inputs lie in one value or in three."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.attention import (
    fits_mask,
    fits_scores,
    head_count,
    is_plain,
    self_attention,
    stated_scale,
)
from edgebert.runtimes.kernels.epilogue import has, with_inputs
from edgebert.runtimes.kernels.matched_graph import CONTRIB, MatchedGraph
from edgebert.runtimes.kernels.operators import DOMAIN
from edgebert.runtimes.kernels.rotation import read_rotation
from edgebert.runtimes.kernels.thirds import unmoved, whole_of

_KNOWN = ("query", "key", "value", "bias", "mask", "added")
"""The inputs that are understood; those behind them are a past."""


def write_heads(graph: MatchedGraph) -> None:
    """MultiHeadAttention(query, key, value, bias, mask, added) -> SelfAttention.

    1. The three are thirds of one value, or three values of the same shape: not those of another
       text.
    2. Query and key may be turned by their positions before.
    3. Its bias goes into the products that make the three, if nobody else reads these.
    4. A mask is int32 [batch, sequence], and there is no past.
    """
    for call in graph.of_type("MultiHeadAttention", CONTRIB):
        attention = _attention(graph, call)
        if attention is not None:
            graph.replace(call, attention)


def _attention(graph: MatchedGraph, call: Call) -> Call | None:
    query, key, value, bias, mask, added = map(call.input, range(len(_KNOWN)))
    shape, heads = graph.shape(query), head_count(call)
    if any(call.inputs[len(_KNOWN) :]) or not heads or not is_plain(call):
        return None
    if shape is None or len(shape) != 3 or not isinstance(shape[2], int) or shape[2] % heads:
        return None
    if graph.shape(key) != shape or graph.shape(value) != shape:
        return None
    if not fits_mask(graph, mask, shape) or not fits_scores(graph, added, shape, heads):
        return None
    width = shape[2] // heads
    rotation = read_rotation(graph, query, key, width)
    if rotation is not None:
        query, key = rotation.query, rotation.key
    query, key, value = (unmoved(graph, name) for name in (query, key, value))
    whole = whole_of(graph, (query, key, value))
    given = (whole,) if whole else (query, key, value)
    if bias and (rotation or not _put_bias(graph, call, given, bias, shape[2])):
        return None
    made = self_attention(call, given, (mask, added), heads, stated_scale(call, width))
    if rotation is None:
        return made
    return replace(made, inputs=(*made.inputs, rotation.cosines, rotation.sines))


def _put_bias(
    graph: MatchedGraph, call: Call, given: tuple[str, ...], name: str, width: int
) -> bool:
    """Let the products that make query, key and value add the bias of the attention."""
    linears = [graph.maker(value, "Linear", "FloatLinear", domain=DOMAIN) for value in given]
    if not graph.is_floats(name, 3 * width) or len(set(given)) != len(given):
        return False
    for value, linear in zip(given, linears, strict=True):
        if linear is None or has(linear, "bias") or linear.attributes.get("activation"):
            return False
        if has(linear, "residual") or has(linear, "gain") or not _only_for(graph, value, call):
            return False
    biases = [name] if len(given) == 1 else _parts(graph, name)
    for linear, bias in zip(linears, biases, strict=True):
        assert linear is not None
        graph.replace(linear, with_inputs(linear, bias=bias))
    return True


def _only_for(graph: MatchedGraph, value: str, call: Call) -> bool:
    """Whether nobody but `call` reads a value, itself or its parts."""
    reader = graph.sole_reader(value)
    if reader is call:
        return True
    return reader is not None and all(graph.sole_reader(part) is call for part in reader.outputs)


def _parts(graph: MatchedGraph, name: str) -> list[str]:
    values = graph.values(name)
    assert values is not None
    thirds = np.split(values, 3)
    return [
        graph.add_constant(f"{name}.{part}", third)
        for part, third in zip("qkv", thirds, strict=True)
    ]
