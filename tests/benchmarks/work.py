"""How much arithmetic a text is, and how much of the hardware's peak a time amounts to.

Counted are the multiplications and additions of the encoder's matrix products, for tokens of texts
only: no padding, no LayerNorm, GELU, softmax, embedding or pooling, which all lower the fraction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_LAYERS, _HIDDEN, _FEED_FORWARD = 6, 384, 1536  # all-MiniLM-L6-v2

LINEAR_FLOP = 2 * _LAYERS * (4 * _HIDDEN**2 + 2 * _HIDDEN * _FEED_FORWARD)
"""Per token, in the products with weights: 21.23 MFLOP."""

ATTENTION_FLOP = 2 * _LAYERS * 2 * _HIDDEN
"""Per token and token that it attends to: 9216."""


@dataclass(frozen=True)
class Work:
    linear_flop: int
    attention_flop: int


@dataclass(frozen=True)
class Peak:
    """What the cores can do at best, in 10^9 operations a second."""

    fp32_gflops: float
    int8_gops: float


def work_of(lengths: Iterable[int]) -> Work:
    """Arithmetic of texts of so many tokens, after truncation."""
    counts = list(lengths)
    return Work(
        linear_flop=LINEAR_FLOP * sum(counts),
        attention_flop=ATTENTION_FLOP * sum(count**2 for count in counts),
    )


def bound_s(work: Work, peak: Peak, precision: str) -> float:
    """The least time at peak; an int8 model multiplies weights in int8 and attends in fp32."""
    linear = peak.int8_gops if precision == "int8" else peak.fp32_gflops
    return work.linear_flop / (1e9 * linear) + work.attention_flop / (1e9 * peak.fp32_gflops)
