"""MultiHeadAttention as `SelfAttention`, whether its three inputs lie in one value or in three."""

from __future__ import annotations

import numpy as np

from edgebert.onnx_graph.calls import Call
from edgebert.runtimes.kernels.attention import (
    fits_mask,
    head_count,
    is_plain,
    self_attention,
    stated_scale,
)
from edgebert.runtimes.kernels.epilogue import has, with_inputs
from edgebert.runtimes.kernels.matched_graph import CONTRIB, MatchedGraph
from edgebert.runtimes.kernels.operators import DOMAIN

_KNOWN = ("query", "key", "value", "bias", "mask", "added")
"""The inputs that are understood; those behind them are a past."""


def write_heads(graph: MatchedGraph) -> None:
    """MultiHeadAttention(query, key, value, bias, mask) -> SelfAttention.

    1. The three are thirds of one value by a Split, or three values of the same shape: not those of
       another text.
    2. Its bias goes into the products that make the three, if nobody else reads these.
    3. A mask is int32 [batch, sequence]; nothing is added to scores, and there is no past.
    """
    for call in graph.of_type("MultiHeadAttention", CONTRIB):
        query, key, value, bias, mask, added = map(call.input, range(len(_KNOWN)))
        shape, heads = graph.shape(query), head_count(call)
        if any(call.inputs[len(_KNOWN) :]) or added or not heads or not is_plain(call):
            continue
        if shape is None or len(shape) != 3 or not isinstance(shape[2], int) or shape[2] % heads:
            continue
        if graph.shape(key) != shape or graph.shape(value) != shape:
            continue
        if not fits_mask(graph, mask, query):
            continue
        given = _merged(graph, (query, key, value)) or (query, key, value)
        if bias and not _put_bias(graph, call, given, bias, shape[2]):
            continue
        scale = stated_scale(call, shape[2] // heads)
        graph.replace(call, self_attention(call, given, mask, heads, scale))


def _merged(graph: MatchedGraph, thirds: tuple[str, str, str]) -> tuple[str] | None:
    """The value whose thirds along the last axis these are, in this order."""
    split = graph.maker(thirds[0], "Split")
    if split is None or split.outputs != thirds or split.attributes.get("axis") not in (-1, 2):
        return None
    shape = graph.shape(thirds[0])
    whole = graph.shape(split.input(0))
    if shape is None or whole is None or not isinstance(shape[-1], int):
        return None
    return (split.input(0),) if whole == (*shape[:-1], 3 * shape[-1]) else None


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
