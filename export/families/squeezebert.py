"""SqueezeBERT: convolutions of width 1, in groups, as what they compute: linear layers."""

from __future__ import annotations

from collections.abc import Sequence
from types import MethodType
from typing import Any

import torch
from transformers.modeling_outputs import BaseModelOutput

from edgebert.export.families.self_attention import attend, heads_of


def open_squeezebert(encoder: Any, config: Any) -> None:
    """Let SqueezeBERT take its attention from the registry and keep each token's numbers together.

    transformers holds [batch, hidden, sequence] and turns it around for every LayerNorm and
    attention; here all is [batch, sequence, hidden], as attention and LayerNorm take it.
    """
    encoder.forward = MethodType(_encoder, encoder)
    for layer in encoder.layers:
        attention = layer.attention
        attention.config = config
        attention.forward = MethodType(_self_attention, attention)
        for name in ("query", "key", "value"):
            setattr(attention, name, _as_linear(getattr(attention, name)))
        for part in (layer.post_attention, layer.intermediate, layer.output):
            part.conv1d = _as_linear(part.conv1d)
        for part in (layer.post_attention, layer.output):
            part.layernorm.forward = MethodType(torch.nn.LayerNorm.forward, part.layernorm)


class _Grouped(torch.nn.Module):
    """Linear layers beside one another, each from its own share of the inputs.

    Attributes:
        groups: without bias, of which there is one for all.
    """

    def __init__(self, weights: Sequence[torch.Tensor], bias: torch.Tensor) -> None:
        super().__init__()
        self.groups = torch.nn.ModuleList(_linear(weight, None) for weight in weights)
        self.bias = torch.nn.Parameter(bias, requires_grad=False)

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        shares = hidden_states.chunk(len(self.groups), dim=-1)
        made = [group(share) for group, share in zip(self.groups, shares, strict=True)]
        return torch.cat(made, dim=-1) + self.bias


def _as_linear(convolution: Any) -> torch.nn.Module:
    """What takes float [batch, sequence, inputs] to [batch, sequence, outputs] with its weights."""
    weight, bias = convolution.weight.detach().squeeze(-1), convolution.bias.detach()
    if convolution.groups == 1:
        return _linear(weight, bias)
    return _Grouped(weight.chunk(convolution.groups), bias)


def _linear(weight: torch.Tensor, bias: torch.Tensor | None) -> torch.nn.Linear:
    outputs, inputs = weight.shape
    linear = torch.nn.Linear(inputs, outputs, bias=bias is not None, device="meta")
    linear.weight = torch.nn.Parameter(weight, requires_grad=False)
    if bias is not None:
        linear.bias = torch.nn.Parameter(bias, requires_grad=False)
    return linear


def _encoder(
    encoder: Any, hidden_states: torch.Tensor, attention_mask: Any = None, **_: Any
) -> BaseModelOutput:
    for layer in encoder.layers:
        hidden_states = layer(hidden_states, attention_mask, False)["feature_map"]
    return BaseModelOutput(last_hidden_state=hidden_states)


def _self_attention(
    layer: Any, hidden_states: torch.Tensor, attention_mask: Any, output_attentions: bool
) -> dict[str, torch.Tensor]:
    states = heads_of(
        hidden_states, layer.query, layer.key, layer.value, size=layer.attention_head_size
    )
    return {"context_layer": attend(layer, *states, mask=attention_mask)}
