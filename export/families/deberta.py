"""DeBERTa-v2 and v3: attention that also scores content against relative position."""

from __future__ import annotations

import math
from types import MethodType
from typing import Any, NamedTuple

import torch
from transformers import AttentionInterface
from transformers.models.deberta_v2.modeling_deberta_v2 import make_log_bucket_position

from edgebert.export.families.distances import distance_indices
from edgebert.export.operators.attention import padding_mask

REASON = (
    "scores of content against position (disentangled attention) are no part of any fused "
    "operator: they are computed beside it and added as its bias"
)


class Places(NamedTuple):
    """Which relative embedding each pair of tokens takes, int64 [sequence, sequence]."""

    c2p: torch.Tensor
    p2c: torch.Tensor


def open_deberta(encoder: Any, max_length: int) -> dict[str, str]:
    """Let DeBERTa take its attention from the registry, in place.

    The position terms (He et al. 2021, "DeBERTa: Decoding-enhanced BERT with disentangled
    attention", equation 4) become a bias of the scores. The projections of the relative
    embeddings do not depend on the input, so they are computed here, once:
    float [heads, head size, 2 * span] for each layer.

    Returns:
        What stays outside the fused operator, and why.
    """
    config = encoder.layer[0].attention.config
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
    keep_places(
        encoder, _buckets(encoder, -distances), encoder.layer[0].attention.self.pos_ebd_size
    )
    return {"attention.self.relative_position": REASON}


def keep_places(encoder: Any, buckets: torch.Tensor, span: int) -> None:
    """Keep which relative embedding each distance takes, int64 [2 * max_length - 1].

    Args:
        encoder: where to keep it.
        buckets: of each distance, from the longest to the left on; 0 for no distance.
        span: relative embeddings to either side.
    """
    encoder.register_buffer("c2p_of_distance", (span + buckets).clamp(0, 2 * span - 1))
    encoder.register_buffer("p2c_of_distance", (span - buckets).clamp(0, 2 * span - 1))


def _buckets(encoder: Any, relative: torch.Tensor) -> torch.Tensor:
    """Place of each distance in the relative embeddings, int64, not yet moved to begin at 0."""
    if encoder.position_buckets <= 0:
        return relative
    buckets: torch.Tensor = make_log_bucket_position(
        relative, encoder.position_buckets, encoder.max_relative_positions
    )
    return buckets.to(torch.int64)


def _open_layer(attention: Any, config: Any, embeddings: torch.Tensor | None) -> None:
    attention.config = config
    attention.forward = MethodType(_self_attention, attention)
    if embeddings is None:
        return
    embeddings = embeddings[: 2 * attention.pos_ebd_size]
    shared = attention.share_att_key
    for term, own, of_content in (
        ("c2p", "pos_key_proj", attention.key_proj),
        ("p2c", "pos_query_proj", attention.query_proj),
    ):
        if term in attention.pos_att_type:
            projection = of_content if shared else getattr(attention, own)
            keep_keys(attention, term, projection(embeddings) * _scale(attention))


def keep_keys(attention: Any, term: str, embeddings: torch.Tensor) -> None:
    """Keep what content meets in place of keys (or of queries), float [heads, head size, 2 * span].

    Args:
        attention: the layer.
        term: c2p or p2c.
        embeddings: of distances, as the layer projects and scales them, float [2 * span, hidden].
    """
    heads = embeddings.view(-1, attention.num_attention_heads, attention.attention_head_size)
    attention.register_buffer(f"{term}_keys", heads.permute(1, 2, 0))


def _scale(attention: Any) -> float:
    """One over the root of the head size times the number of terms in a score."""
    terms = 1 + sum(term in attention.pos_att_type for term in ("c2p", "p2c"))
    return 1.0 / math.sqrt(attention.attention_head_size * terms)


def mask_of_keys(encoder: Any, attention_mask: torch.Tensor) -> Any:
    return padding_mask(encoder.config._attn_implementation, attention_mask)


def relative_positions(encoder: Any, hidden: torch.Tensor, *_: Any) -> Places | None:
    if not encoder.relative_attention:
        return None
    places = distance_indices(hidden.shape[1], encoder.c2p_of_distance.shape[0])
    c2p, p2c = (
        table.index_select(0, places.flatten()).view(places.shape)
        for table in (encoder.c2p_of_distance, encoder.p2c_of_distance)
    )
    return Places(c2p, p2c)


def no_embedding(encoder: Any) -> None:
    """The relative embeddings are already in the layers' tables."""


def _self_attention(
    layer: Any,
    hidden_states: torch.Tensor,
    attention_mask: Any,
    output_attentions: bool = False,
    query_states: torch.Tensor | None = None,
    relative_pos: Places | None = None,
    rel_embeddings: None = None,
) -> tuple[torch.Tensor, None]:
    batch, sequence, _width = hidden_states.shape
    shape = (batch, sequence, layer.num_attention_heads, layer.attention_head_size)
    queries = hidden_states if query_states is None else query_states
    query = layer.query_proj(queries).view(shape).transpose(1, 2)
    key = layer.key_proj(hidden_states).view(shape).transpose(1, 2)
    value = layer.value_proj(hidden_states).view(shape).transpose(1, 2)
    attention = AttentionInterface()[layer.config._attn_implementation]
    context, _weights = attention(
        layer,
        query,
        key,
        value,
        attention_mask,
        scaling=_scale(layer),
        position_bias=position_bias(layer, query, key, relative_pos),
    )
    return context.reshape(batch, sequence, layer.all_head_size), None


def position_bias(
    layer: Any, query: torch.Tensor, key: torch.Tensor, places: Places | None
) -> torch.Tensor | None:
    """Content to position plus position to content, float [batch, heads, sequence, sequence]."""
    if places is None:
        return None
    shape = (*query.shape[:3], query.shape[2])
    terms = []
    if "c2p" in layer.pos_att_type:
        terms.append((query @ layer.c2p_keys).gather(-1, places.c2p.expand(shape)))
    if "p2c" in layer.pos_att_type:
        by_key = (key @ layer.p2c_keys).gather(-1, places.p2c.expand(shape))
        terms.append(by_key.transpose(2, 3))
    return sum(terms[1:], terms[0]) if terms else None
