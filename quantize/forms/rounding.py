"""Weights to int8: a scale per output channel, error feedback, and sums that cannot saturate.

x86 CPUs without VNNI multiply u8 activations by s8 weights with VPMADDUBSW, which adds the
products of two neighbouring inputs in 16 bits. 255 * (a + b) stays inside them as long as
|a + b| <= 128. Weights that keep this bound for every pair give the same sums on every CPU, by the
fastest kernel that each one has, and what the bound costs is fed back into the weights that follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

LARGEST = 127
LARGEST_PAIR = 128
"""Of the sum of two neighbours along the inputs: (2**15 - 1) / 255, rounded down."""

_DAMPING = 0.2
"""Share of the mean input energy that is added to that of every input: calibration texts are few,
and weights of inputs that hardly vary in them should still be near their floats."""

_BLOCK = 64  # inputs that are rounded before their error reaches all the others, as one product
_OUTPUTS = 8192  # that are rounded at once: the decoder of a vocabulary has 250,000
_STRETCHES = np.linspace(1.0, 1.5, 6, dtype=np.float32)


@dataclass(frozen=True)
class IntegerWeight:
    """A weight in int8.

    Attributes:
        values: int8 [inputs, outputs], symmetric: -127 to 127.
        scales: float32 [outputs].
    """

    values: npt.NDArray[np.int8]
    scales: Floats

    @property
    def floats(self) -> Floats:
        return np.asarray(self.values * self.scales, np.float32)


def round_weight(
    weight: Floats, *, saturates: bool, second_moment: npt.NDArray[np.floating[Any]] | None = None
) -> IntegerWeight:
    """Round a weight to int8, a scale per output channel.

    With the second moment of its inputs, each input's error is spread over the inputs that are
    still to be rounded, so that the products of the layer stay near those of the floats (GPTQ,
    https://arxiv.org/abs/2210.17323). Without it, each value is rounded to the nearest.

    Args:
        weight: float32 [inputs, outputs].
        saturates: whether sums of neighbours may be over `LARGEST_PAIR`.
        second_moment: floats [inputs, inputs], mean of x xT over tokens.
    """
    energy = None if second_moment is None else np.diag(second_moment).astype(np.float32)
    spread = None if second_moment is None else _spreading(second_moment)
    values = np.empty(weight.shape, np.int8)
    scales = np.empty(weight.shape[1], np.float32)
    for start in range(0, weight.shape[1], _OUTPUTS):
        part = slice(start, start + _OUTPUTS)
        floats = np.ascontiguousarray(weight[:, part], np.float32)
        scales[part] = _scales(floats, saturates=saturates, energy=energy)
        if spread is None:
            values[:, part] = _nearest(floats / scales[part], saturates=saturates)
        else:
            values[:, part] = _with_feedback(floats, scales[part], spread, saturates=saturates)
    return IntegerWeight(values, scales)


def _scales(weight: Floats, *, saturates: bool, energy: Floats | None) -> Floats:
    """The scale of each output, float32 [outputs]: the finest, unless pairs ask for a wider one."""
    largest = np.maximum(np.abs(weight).max(axis=0), np.float32(1e-12))
    finest = np.asarray(largest / np.float32(LARGEST), np.float32)
    if saturates:
        return finest
    weighting = np.ones(len(weight), np.float32) if energy is None else energy
    errors: list[Floats] = []
    for stretch in _STRETCHES:
        scales = finest * stretch
        left = _nearest(weight / scales, saturates=False) * scales - weight
        errors.append(weighting @ np.square(left))
    return np.asarray(finest * _STRETCHES[np.argmin(errors, axis=0)], np.float32)


def _nearest(scaled: Floats, *, saturates: bool) -> Floats:
    """Rounded to integers; where a pair's sum is too large, both of its values give way."""
    values = _clipped(scaled, -LARGEST, LARGEST)
    if saturates:
        return values
    even = len(values) // 2 * 2
    first, second = values[0:even:2], values[1:even:2]  # views
    excess = np.maximum(np.abs(first + second) - LARGEST_PAIR, 0)
    half = np.floor(excess / 2)
    toward_zero = np.sign(first + second)  # both are of this sign: one alone is at most 127
    first -= toward_zero * half
    second -= toward_zero * (excess - half)
    return values


def _with_feedback(weight: Floats, scales: Floats, spread: Floats, *, saturates: bool) -> Floats:
    """Round one input after the other, each with what the earlier ones left for it."""
    rows = len(weight)
    values, errors = np.empty_like(weight), np.empty_like(weight)
    for start in range(0, rows, _BLOCK):
        stop = min(start + _BLOCK, rows)
        left = weight[start:stop] + spread[:start, start:stop].T @ errors[:start]
        for row in range(start, stop):
            scaled = left[row - start] / scales
            if saturates:
                values[row] = _clipped(scaled, -LARGEST, LARGEST)
            elif row % 2 == 0:
                following = (
                    left[row + 1 - start] / scales if row + 1 < rows else np.zeros_like(scales)
                )
                values[row] = _first_of_pair(scaled, following)
            else:
                values[row] = _second_of_pair(scaled, values[row - 1])
            errors[row] = weight[row] - values[row] * scales
            left[row + 1 - start :] += np.outer(spread[row, row + 1 : stop], errors[row])
    return values


def _spreading(second_moment: npt.NDArray[np.floating[Any]]) -> Floats:
    """How much of each input's error the later ones make up for: float32 [inputs, inputs], upper.

    With M = U UT, U upper, the products are off by |UT (W - Q)|, of which each row can be brought
    near zero by its own input alone, once the earlier ones are rounded. That is GPTQ without an
    inverse (https://arxiv.org/abs/2507.18553). Inputs that never vary get the damping alone.
    """
    moment = second_moment[::-1, ::-1].astype(np.float64)
    damping = _DAMPING * max(float(np.trace(moment)) / len(moment), 1e-12)
    moment[np.diag_indices_from(moment)] += damping
    upper = np.linalg.cholesky(moment)[::-1, ::-1]
    return np.asarray(upper / np.diag(upper), np.float32)


def _first_of_pair(scaled: Floats, following: Floats) -> Floats:
    """Rounded, giving up half of what its sum with the following value has too much."""
    total = scaled + following
    excess = np.where(scaled * following > 0, np.maximum(np.abs(total) - LARGEST_PAIR, 0), 0)
    return _clipped(scaled - np.sign(total) * excess / 2, -LARGEST, LARGEST)


def _second_of_pair(scaled: Floats, first: Floats) -> Floats:
    lowest = np.maximum(-LARGEST, -LARGEST_PAIR - first)
    highest = np.minimum(LARGEST, LARGEST_PAIR - first)
    return _clipped(scaled, lowest, highest)


def _clipped(scaled: Floats, lowest: npt.ArrayLike, highest: npt.ArrayLike) -> Floats:
    return np.asarray(np.clip(np.rint(scaled), lowest, highest), np.float32)
