"""What the two graphs of a translator compute, as PyTorch modules around its parts."""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor, nn

from edgebert.checkpoint.translation.decoder import (
    Attention,
    Decoder,
    DecoderLayer,
    KeysValues,
    positions,
)
from edgebert.export.operators.attention import MASKED_SCORE


class SourceGraph(nn.Module):
    """Token ids of sources to what each layer of the decoder attends to of them."""

    def __init__(self, encoder: nn.Module, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        inputs: dict[str, Any] = {"input_ids": input_ids, "attention_mask": attention_mask}
        if token_type_ids is not None:
            inputs["token_type_ids"] = token_type_ids
        memory = self.encoder(**inputs).last_hidden_state
        kept = self.decoder.cross(memory)
        return (*(keys for keys, _ in kept), *(values for _, values in kept))


class TargetGraph(nn.Module):
    """Some tokens of each target to the log-probabilities of what follows each of them.

    Computes what `Decoder.forward` does, with attention as `attention` has it.
    """

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self,
        input_ids: Tensor,
        past_lengths: Tensor,
        past_key: list[Tensor],
        past_value: list[Tensor],
        cross_key: list[Tensor],
        cross_value: list[Tensor],
        source_mask: Tensor,
    ) -> tuple[Tensor, ...]:
        decoder = self.decoder
        tokens, past = input_ids.shape[1], past_key[0].shape[2]
        hidden = past_there(past_lengths, past)
        later = causal(tokens)
        masked = masked_scores(source_mask)[:, None, None, :]
        states = self._embed(input_ids, past_lengths)
        kept: list[KeysValues] = []
        for number, module in enumerate(decoder.layers):
            layer = cast(DecoderLayer, module)
            query = layer.own.split(layer.own.query(states))  # first, as in an encoder's layer
            own = layer.own.keys_values(states)
            before = past_key[number], past_value[number]
            mixed = attend_own(query * layer.own.scale, before, own, hidden, later)
            states = layer.own_norm(states + layer.own.output(mixed))
            cross = cross_key[number], cross_value[number]
            mixed = attend_source(layer.cross, states, cross, masked)
            states = layer.cross_norm(states + layer.cross.output(mixed))
            neurons = layer.activation(layer.up(states))
            states = layer.norm(states + layer.down(neurons))
            kept.append(own)
        likely = decoder.logits(states).log_softmax(dim=-1)
        return (likely, *(keys for keys, _ in kept), *(values for _, values in kept))

    def _embed(self, ids: Tensor, lengths: Tensor) -> Tensor:
        decoder, width = self.decoder, self.decoder.shape.hidden
        places = lengths[:, None] + torch.arange(ids.shape[1])
        states = decoder.embedding(ids) * math.sqrt(width) + positions(places, width)
        embedded: Tensor = decoder.norm(states)
        return embedded


def attend_own(
    query: Tensor, past: KeysValues, own: KeysValues, hidden: Tensor, later: Tensor
) -> Tensor:
    """Attention to the past and to these tokens, [rows, tokens, width].

    The past is read where it lies: the scores of both are joined, not their keys.
    """
    before = query @ past[0].transpose(2, 3) + hidden
    among = query @ own[0].transpose(2, 3) + later
    weights = torch.cat((before, among), dim=-1).softmax(dim=-1)
    width = past[0].shape[2]
    mixed = weights[..., :width] @ past[1] + weights[..., width:] @ own[1]
    return mixed.transpose(1, 2).flatten(2)


def attend_source(
    attention: Attention, states: Tensor, cross: KeysValues, masked: Tensor
) -> Tensor:
    """Attention to the source, of all beams of a source at once, [rows, tokens, width]."""
    keys, values = cross
    sources, heads, _, width = keys.shape
    beams: Tensor = attention.query(states) * attention.scale
    query = beams.reshape(sources, -1, heads, width).transpose(1, 2)
    weights = (query @ keys.transpose(2, 3) + masked).softmax(dim=-1)
    return (weights @ values).transpose(1, 2).reshape(states.shape)


def past_there(lengths: Tensor, past: int) -> Tensor:
    """Added to the scores of the past, float32 [rows, 1, 1, past]."""
    there = torch.arange(past) < lengths[:, None]
    return masked_scores(there)[:, None, None, :]


def causal(tokens: int) -> Tensor:
    """Added to the scores of some tokens among themselves, float32 [tokens, tokens]."""
    places = torch.arange(tokens)
    return masked_scores(places[None, :] <= places[:, None])


def masked_scores(seen: Tensor) -> Tensor:
    """What is added to a score: nothing where `seen` is 1, and where it is 0 more than any score."""
    return (1.0 - seen.to(torch.float32)) * MASKED_SCORE
