"""DeBERTa, the first: as the second, with one projection for all and no buckets."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch

from edgebert.export.families.deberta import (
    REASON,
    Places,
    keep_keys,
    keep_places,
    mask_of_keys,
    no_embedding,
    position_bias,
    relative_positions,
)
from edgebert.export.families.self_attention import attend

_TALKING_HEADS = (
    "scores are mixed over the heads before and after softmax (talking heads), for which there is "
    "no fused operator"
)


def open_deberta_v1(encoder: Any, max_length: int) -> dict[str, str]:
    """Let DeBERTa take its attention from the registry, in place.

    The position terms become a bias of the scores, as `open_deberta` makes them.

    Returns:
        What stays outside the fused operator, and why.
    """
    config = encoder.layer[0].attention.config
    if encoder.layer[0].attention.self.talking_head:
        return {"attention": _TALKING_HEADS}
    encoder.get_attention_mask = MethodType(mask_of_keys, encoder)
    encoder.get_rel_pos = MethodType(relative_positions, encoder)
    with torch.no_grad():
        embeddings = encoder.get_rel_embedding()
        for layer in encoder.layer:
            _open_layer(layer.attention.self, config, embeddings)
    encoder.get_rel_embedding = MethodType(no_embedding, encoder)
    encoder.config = config
    if not encoder.relative_attention:
        return {}
    distances = torch.arange(1 - max_length, max_length)  # of the query to the key, negated
    keep_places(encoder, -distances, encoder.max_relative_positions)
    return {"attention.self.relative_position": REASON}


def _open_layer(attention: Any, config: Any, embeddings: torch.Tensor | None) -> None:
    attention.config = config
    attention.forward = MethodType(_self_attention, attention)
    if embeddings is None:
        return
    for term, name in (("c2p", "pos_proj"), ("p2c", "pos_q_proj")):
        if term in attention.pos_att_type:
            projected = getattr(attention, name)(embeddings)
            keep_keys(attention, term, projected * _scale(attention))


def _scale(attention: Any) -> float:
    """One over the root of the head size times the number of terms in a score."""
    terms = 1 + len(attention.pos_att_type)
    return float((attention.attention_head_size * terms) ** -0.5)


def _self_attention(
    layer: Any,
    hidden_states: torch.Tensor,
    attention_mask: Any,
    output_attentions: bool = False,
    query_states: None = None,
    relative_pos: Places | None = None,
    rel_embeddings: None = None,
) -> tuple[torch.Tensor, None]:
    heads, size = layer.num_attention_heads, layer.attention_head_size
    # query, key and value of the first head, then those of the second
    mixed = layer.in_proj(hidden_states).view(*hidden_states.shape[:2], heads, 3 * size)
    query, key, value = mixed.chunk(3, dim=-1)
    query = (query + layer.q_bias.view(heads, size)).transpose(1, 2)
    value = (value + layer.v_bias.view(heads, size)).transpose(1, 2)
    key = key.transpose(1, 2)
    bias = position_bias(layer, query, key, relative_pos)
    context = attend(
        layer, query, key, value, mask=attention_mask, scaling=_scale(layer), position_bias=bias
    )
    return context, None
