"""Rotary positions as we emit them: one operator, or a few standard ones."""

from __future__ import annotations

from typing import NamedTuple

import torch

from edgebert.export.operators.attention import FUSED_ATTENTION


class Turns(NamedTuple):
    """By how much the pairs of a head are turned at each place.

    Attributes:
        cos, sin: float [sequence, head size / 2].
        neighbours: whether a pair is two numbers that lie side by side (2i, 2i + 1), or one of
            each half of the head (i, i + head size / 2).
    """

    cos: torch.Tensor
    sin: torch.Tensor
    neighbours: bool


def turn(states: torch.Tensor, turns: Turns, attention: str) -> torch.Tensor:
    """Turn queries or keys by their places (Su et al. 2021, "RoFormer", equation 34).

    Args:
        states: float [batch, heads, sequence, head size].
        turns: of every place of the sequence.
        attention: name of the attention that they are for; the fused one gets one
            `com.microsoft.RotaryEmbedding` each, which is to be traced, not to be run in PyTorch.

    Returns:
        As `states`.
    """
    return (_fused if attention == FUSED_ATTENTION else _plain)(states, turns)


def _fused(states: torch.Tensor, turns: Turns) -> torch.Tensor:
    batch, heads, sequence, size = states.shape
    packed = states.transpose(1, 2).reshape(batch, sequence, heads * size)
    first = torch.zeros(1, dtype=torch.int64)
    turned: torch.Tensor = torch.onnx.ops.symbolic(
        "com.microsoft::RotaryEmbedding",
        [packed, first, turns.cos, turns.sin],
        attrs={"interleaved": int(turns.neighbours)},
        dtype=states.dtype,
        shape=(batch, sequence, heads * size),
        version=1,
    )
    return turned.reshape(batch, sequence, heads, size).transpose(1, 2)


def _plain(states: torch.Tensor, turns: Turns) -> torch.Tensor:
    if turns.neighbours:
        first, second = states[..., ::2], states[..., 1::2]
    else:
        first, second = states.chunk(2, dim=-1)
    turned = first * turns.cos - second * turns.sin, second * turns.cos + first * turns.sin
    return torch.stack(turned, dim=-1).flatten(-2) if turns.neighbours else torch.cat(turned, -1)
