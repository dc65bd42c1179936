"""A shallow decoder in PyTorch, which reads what an encoder made of a source.

The post-norm layers of Vaswani et al. 2017, "Attention Is All You Need": causal self-attention,
attention to the source, a feed-forward layer. The output shares its matrix with the embedding.

A step with the keys and values of earlier tokens gives the numbers that the whole target gives, so
that one graph serves the first tokens of a target, given at once, and every later one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, linear, scaled_dot_product_attention

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}

KeysValues = tuple[Tensor, Tensor]
"""Keys and values, each float32 [rows, heads, tokens, width of a head]."""


@dataclass(frozen=True, kw_only=True)
class DecoderShape:
    """The size of a decoder.

    Attributes:
        layers, hidden, heads: of the decoder.
        intermediate: neurons between the two halves of a feed-forward layer.
        memory: width of the states of the encoder.
        vocabulary: tokens of the target.
        activation: one of `ACTIVATIONS`.
        dropout: share of states, embeddings and attention that training drops.
    """

    layers: int
    hidden: int
    heads: int
    intermediate: int
    memory: int
    vocabulary: int
    activation: str
    dropout: float

    def __post_init__(self) -> None:
        """Refuse what no decoder can be.

        Raises:
            ValueError: a width that its heads do not share, or an activation that is not known.
        """
        if self.hidden % self.heads or self.hidden % 2:
            raise ValueError(f"a decoder {self.hidden} wide cannot have {self.heads} heads")
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"hidden_act of a decoder is {' or '.join(ACTIVATIONS)}, not {self.activation}"
            )


class Decoder(nn.Module):
    """Logits of the next token after each token of a target."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocabulary, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden)
        self.layers = nn.ModuleList(DecoderLayer(shape) for _ in range(shape.layers))

    def cross(self, memory: Tensor) -> list[KeysValues]:
        """What each layer attends to of a source, computed once for all steps.

        Args:
            memory: states of the encoder, float32 [rows, source tokens, width].
        """
        return [layer.cross_of(memory) for layer in self._layers()]

    def forward(
        self,
        ids: Tensor,
        cross: list[KeysValues],
        source_mask: Tensor,
        past: list[KeysValues] | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, list[KeysValues]]:
        """Read some tokens of each target.

        Args:
            ids: int64 [rows, tokens]; padding stands on the right, and is to be passed over by the
                caller.
            cross: of `cross`.
            source_mask: [rows, source tokens], 1 where a token stands.
            past: keys and values of the tokens before, for each layer, as this returned them and
                `with_more` put them together; a row that has fewer than others has what it has on
                the left.
            lengths: int64 [rows], how many tokens of `past` each row has; by default all.

        Returns:
            The states of these tokens, float32 [rows, tokens, hidden], for `logits`; and their own
            keys and values.
        """
        width = past[0][0].shape[2] if past else 0
        if lengths is None:
            lengths = torch.full((len(ids),), width, device=ids.device)
        states = self._embed(ids, lengths)
        seen = _seen(ids.shape[1], width, lengths)
        source = source_mask[:, None, None, :].bool()
        present = []
        for number, layer in enumerate(self._layers()):
            states, kept = layer(
                states, seen, past[number] if past else None, cross[number], source
            )
            present.append(kept)
        return states, present

    def logits(self, states: Tensor) -> Tensor:
        """Logits float32 [..., vocabulary] of states [..., hidden]."""
        return linear(states, self.embedding.weight)

    def _layers(self) -> list[DecoderLayer]:
        return [cast(DecoderLayer, layer) for layer in self.layers]

    def _embed(self, ids: Tensor, lengths: Tensor) -> Tensor:
        width = self.shape.hidden
        places = lengths[:, None] + torch.arange(ids.shape[1], device=ids.device)
        states = self.embedding(ids) * math.sqrt(width) + positions(places, width)
        return dropout(self.norm(states), self.shape.dropout, self.training)


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the source, and a feed-forward layer."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self._dropout = shape.dropout
        self.own = Attention(shape, shape.hidden)
        self.own_norm = nn.LayerNorm(shape.hidden)
        self.cross = Attention(shape, shape.memory)
        self.cross_norm = nn.LayerNorm(shape.hidden)
        self.up = nn.Linear(shape.hidden, shape.intermediate)
        self.activation = ACTIVATIONS[shape.activation]()
        self.down = nn.Linear(shape.intermediate, shape.hidden)
        self.norm = nn.LayerNorm(shape.hidden)

    def cross_of(self, memory: Tensor) -> KeysValues:
        """What this layer attends to of a source."""
        return self.cross.keys_values(memory)

    def forward(
        self,
        states: Tensor,
        seen: Tensor,
        past: KeysValues | None,
        cross: KeysValues,
        source: Tensor,
    ) -> tuple[Tensor, KeysValues]:
        kept = self.own.keys_values(states)
        read = kept if past is None else with_more(past, kept)
        states = self._add(states, self.own(states, read, seen), self.own_norm)
        states = self._add(states, self.cross(states, cross, source), self.cross_norm)
        neurons = dropout(self.activation(self.up(states)), self._dropout, self.training)
        return self._add(states, self.down(neurons), self.norm), kept

    def _add(self, states: Tensor, change: Tensor, norm: nn.Module) -> Tensor:
        added: Tensor = norm(states + dropout(change, self._dropout, self.training))
        return added


class Attention(nn.Module):
    """Attention of several heads to given keys and values."""

    def __init__(self, shape: DecoderShape, read: int) -> None:
        super().__init__()
        self._heads, self._dropout = shape.heads, shape.dropout
        self.query = nn.Linear(shape.hidden, shape.hidden)
        self.key = nn.Linear(read, shape.hidden)
        self.value = nn.Linear(read, shape.hidden)
        self.output = nn.Linear(shape.hidden, shape.hidden)

    @property
    def scale(self) -> float:
        """Of products of queries and keys."""
        return float((self.query.out_features // self._heads) ** -0.5)

    def keys_values(self, states: Tensor) -> KeysValues:
        return self.split(self.key(states)), self.split(self.value(states))

    def forward(self, states: Tensor, kept: KeysValues, seen: Tensor) -> Tensor:
        """States [rows, tokens, hidden] that have attended where `seen` is true."""
        dropped = self._dropout if self.training else 0.0
        query = self.split(self.query(states))
        mixed = scaled_dot_product_attention(query, *kept, attn_mask=seen, dropout_p=dropped)
        joined: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return joined

    def split(self, states: Tensor) -> Tensor:
        """States [rows, tokens, hidden] by heads, as of `KeysValues`."""
        rows, tokens, width = states.shape
        return states.view(rows, tokens, self._heads, width // self._heads).transpose(1, 2)


def with_more(past: KeysValues, kept: KeysValues) -> KeysValues:
    """Keys and values of some tokens, and of those that follow them."""
    return torch.cat((past[0], kept[0]), dim=2), torch.cat((past[1], kept[1]), dim=2)


def positions(places: Tensor, width: int) -> Tensor:
    """Sinusoids, float32 [..., width], of int64 places [...]; they go on without an end."""
    half = width // 2
    steps = torch.arange(half, device=places.device, dtype=torch.float32)
    rates = torch.exp(steps * (-math.log(10_000) / half))
    angles = places[..., None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=-1)


def _seen(tokens: int, past: int, lengths: Tensor) -> Tensor:
    """Which keys each of some new tokens sees, bool [rows, 1, tokens, past + tokens]."""
    new = torch.ones(tokens, tokens, dtype=torch.bool, device=lengths.device).tril()
    there = torch.arange(past, device=lengths.device) < lengths[:, None]
    rows = len(lengths)
    before = there[:, None, :].expand(rows, tokens, past)
    return torch.cat((before, new.expand(rows, tokens, tokens)), dim=-1)[:, None]
