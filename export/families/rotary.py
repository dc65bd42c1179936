"""Families whose attention is open and whose rotary positions are not: NomicBERT and its like."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MethodType
from typing import Any

import torch
from transformers.models.eurobert.modeling_eurobert import EuroBertAttention
from transformers.models.gte.modeling_gte import GteAttention
from transformers.models.jina_embeddings_v3.modeling_jina_embeddings_v3 import (
    JinaEmbeddingsV3Attention,
)
from transformers.models.modernbert.modeling_modernbert import ModernBertAttention
from transformers.models.nomic_bert.modeling_nomic_bert import NomicBertAttention

from edgebert.export.families.self_attention import attend, heads_of
from edgebert.export.operators.rotary import Turns, turn

SEPARATE = (EuroBertAttention, GteAttention, JinaEmbeddingsV3Attention, NomicBertAttention)
"""Those with a projection each for queries, keys and values."""

MERGED = (ModernBertAttention,)
"""Those with one projection for all three."""

Heads = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Queries, keys and values, float [batch, heads, sequence, head size]."""


def open_rotary(attention: Any) -> None:
    """Let a layer of `SEPARATE` or `MERGED` turn its queries and keys as its attention wants it."""
    project = _merged if isinstance(attention, MERGED) else _separate
    attention.forward = MethodType(partial(_forward, project), attention)


def _forward(
    project: Callable[[Any, torch.Tensor], Heads],
    layer: Any,
    hidden_states: torch.Tensor,
    attention_mask: Any = None,
    *,
    position_embeddings: tuple[torch.Tensor, torch.Tensor],
    **_: Any,
) -> tuple[torch.Tensor, None]:
    query, key, value = project(layer, hidden_states)
    # of one text, since all have the same places; both halves of a head are turned alike
    cos, sin = (part[0, :, : layer.head_dim // 2] for part in position_embeddings)
    turns, attention = Turns(cos, sin, neighbours=False), layer.config._attn_implementation
    query, key = turn(query, turns, attention), turn(key, turns, attention)
    context = attend(layer, query, key, value, mask=attention_mask)
    return (layer.Wo if isinstance(layer, MERGED) else layer.o_proj)(context), None


def _separate(layer: Any, hidden_states: torch.Tensor) -> Heads:
    query, key, value = heads_of(
        hidden_states, layer.q_proj, layer.k_proj, layer.v_proj, size=layer.head_dim
    )
    return query, key, value


def _merged(layer: Any, hidden_states: torch.Tensor) -> Heads:
    states = layer.Wqkv(hidden_states)
    parts = states.view(*states.shape[:2], 3, -1, layer.head_dim).unbind(dim=2)
    query, key, value = (part.transpose(1, 2) for part in parts)
    return query, key, value
