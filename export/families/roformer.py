"""RoFormer: BERT whose queries and keys are turned by their places."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch

from edgebert.export.families.self_attention import attend, heads_of
from edgebert.export.operators.rotary import Turns, turn


def open_roformer(encoder: Any) -> None:
    """Let RoFormer take its attention from the registry, in place.

    Its table of sines and cosines is cut, not looked up: a table that rows are looked up in is
    rounded to int8 with the rest, and every angle with it.
    """
    encoder.embed_positions.forward = MethodType(_first_places, encoder.embed_positions)
    for layer in encoder.layer:
        layer.attention.self.config = encoder.config
        layer.attention.self.forward = MethodType(_self_attention, layer.attention.self)


def _first_places(table: Any, shape: torch.Size, *_: Any) -> torch.Tensor:
    """Sines, then cosines, float [sequence, head size]."""
    places: torch.Tensor = table.weight[: shape[1]]
    return places


def _self_attention(
    layer: Any,
    hidden_states: torch.Tensor,
    attention_mask: Any,
    sinusoidal_pos: torch.Tensor,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    query, key, value = heads_of(
        hidden_states, layer.query, layer.key, layer.value, size=layer.attention_head_size
    )
    sin, cos = sinusoidal_pos[0, 0].chunk(2, dim=-1)
    turns, attention = Turns(cos, sin, neighbours=True), layer.config._attn_implementation
    query, key = turn(query, turns, attention), turn(key, turns, attention)
    if layer.rotary_value:
        value = turn(value, turns, attention)
    return attend(layer, query, key, value, mask=attention_mask), None
