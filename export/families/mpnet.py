"""MPNet: a bias for each distance between two tokens, the same in every layer."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch.nn import functional
from transformers import AttentionInterface

from edgebert.export.families.distances import distance_indices


def open_mpnet(encoder: Any, max_length: int) -> None:
    """Let MPNet take its attention from the registry and its bias from a table, in place.

    transformers works out the bucket of each distance with logarithms while the model runs, and
    writes the traced batch size into a reshape. Here the buckets become a table made once:
    float [2 * max_length - 1, heads].
    """
    distances = torch.arange(1 - max_length, max_length)  # of the key to the query
    with torch.no_grad():
        buckets = encoder.relative_position_bucket(distances)
        encoder.register_buffer("bias_of_distance", encoder.relative_attention_bias(buckets))
    encoder.compute_position_bias = MethodType(_position_bias, encoder)
    for layer in encoder.layer:
        layer.attention.attn.config = encoder.config
        layer.attention.attn.forward = MethodType(_self_attention, layer.attention.attn)


def _position_bias(encoder: Any, hidden: torch.Tensor) -> torch.Tensor:
    """Float [1, heads, sequence, sequence]."""
    table: torch.Tensor = encoder.bias_of_distance
    places = distance_indices(hidden.shape[1], table.shape[0])
    return functional.embedding(places, table).permute(2, 0, 1).unsqueeze(0)


def _self_attention(
    layer: Any,
    hidden_states: torch.Tensor,
    attention_mask: Any = None,
    position_bias: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor]:
    batch, sequence, _width = hidden_states.shape
    shape = (batch, sequence, layer.num_attention_heads, layer.attention_head_size)
    query, key, value = (
        project(hidden_states).view(shape).transpose(1, 2)
        for project in (layer.q, layer.k, layer.v)
    )
    attention = AttentionInterface()[layer.config._attn_implementation]
    context, _weights = attention(
        layer, query, key, value, attention_mask, position_bias=position_bias
    )
    return (layer.o(context.reshape(batch, sequence, layer.all_head_size)),)
