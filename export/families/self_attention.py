"""Ordinary attention of linear queries, keys and values, for families that compute it themselves."""

from __future__ import annotations

from collections.abc import Iterator
from types import MethodType
from typing import Any

import torch
from transformers import AttentionInterface


def open_self_attention(encoder: Any) -> None:
    """Let layers that are built as BERT's take their attention from the registry, in place.

    Args:
        encoder: of a model that takes its mask from the registry already.
    """
    for layer in encoder.layer:
        layer.attention.self.config = encoder.config
        layer.attention.self.forward = MethodType(_self_attention, layer.attention.self)


def heads_of(
    hidden_states: torch.Tensor, *projections: torch.nn.Module, size: int
) -> Iterator[torch.Tensor]:
    """What each projection makes of the states, float [batch, heads, sequence, size]."""
    for project in projections:
        states = project(hidden_states)
        yield states.view(*states.shape[:2], -1, size).transpose(1, 2)


def attend(layer: Any, *states: torch.Tensor, mask: Any, **options: Any) -> torch.Tensor:
    """What the registry's attention makes of queries, keys and values.

    Args:
        layer: its `config` names the attention.
        states: queries, keys and values, float [batch, heads, sequence, head size].
        mask: as that attention takes it.
        options: scaling of the scores, or a bias, where they are not the ordinary ones.

    Returns:
        Float [batch, sequence, heads * head size].
    """
    attention = AttentionInterface()[layer.config._attn_implementation]
    context: torch.Tensor = attention(layer, *states, mask, **options)[0]
    return context.flatten(-2)


def _self_attention(
    layer: Any, hidden_states: torch.Tensor, attention_mask: Any = None, **_: Any
) -> tuple[torch.Tensor, None]:
    states = heads_of(
        hidden_states, layer.query, layer.key, layer.value, size=layer.attention_head_size
    )
    return attend(layer, *states, mask=attention_mask), None
