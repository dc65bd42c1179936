"""Whether tokens that do not count are nobody's: kernels give nothing for them."""

from __future__ import annotations

from edgebert.runtimes.kernels.matching.matched_graph import MatchedGraph

_MASKS = {"QAttention": 5, "Attention": 3, "MultiHeadAttention": 4, "SelfAttention": 3}
"""Where each operator takes its mask."""

_MASKED = -10000.0


def padding_is_masked(graph: MatchedGraph) -> bool:
    """Whether all layers leave out the same tokens, so that none reads what another gives for them.

    A layer that looks at padding, by a mask of its own or by a number that masks little, would read
    what a layer of kernels before it did not compute.
    """
    attention = [call for call in graph.calls if call.op_type in _MASKS]
    masks = {call.input(_MASKS[call.op_type]) for call in attention}
    numbers = {call.attributes.get("mask_filter_value", _MASKED) for call in attention}
    return len(masks) <= 1 and numbers <= {_MASKED}
