"""How the inputs of layers become integers: shifted, scaled per channel, and rounded to a grid.

Per channel, before rounding, x becomes x * multiplier + offset; the weights are divided by the
multiplier (SmoothQuant, https://arxiv.org/abs/2211.10438) and the bias takes back the offset
(Outlier Suppression+, https://arxiv.org/abs/2304.09145). Which of them a layer gets is decided by
the error that rounding leaves in its outputs on calibration texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.quantize.forms.rounding import Floats, round_weight

SYMMETRIC = 128
"""Zero point of signed values in uint8."""

HIGHEST = {8: 255, 16: 65535}
"""The highest code by the number of bits."""

_POWERS = (0.5, 0.65, 0.8)  # how much of the difficulty goes from activations to weights
_STRETCHES = (1.5, 1.35, 1.2, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)  # of a static range
_WORTH = 0.85  # a more complicated grid has to bring the error down to this share
_HEADROOM = 1.5
"""Times the least error that a wider static range may cost: rare tokens reach further than any
sample, and where they are clipped a whole text goes astray."""

_PAST = 2.0
"""Times the least error so far: narrower ranges clip still more."""

_ONE_SIDED = 0.1  # of the highest value, below zero: as GELU leaves it
_ROWS, _OUTPUTS = 384, 512  # tokens and outputs on which the error is taken
_TINY = np.float32(1e-5)
_FURTHEST = 16.0  # from 1 that a multiplier goes: a channel may be silent in calibration texts only


@dataclass(frozen=True)
class ActivationSample:
    """What calibration texts showed of the inputs of a group of layers.

    Attributes:
        rows: float16 or float32 [tokens, channels], drawn at random from all tokens.
        lowest, highest: float32 [channels], over all tokens.
        tokens: how many were seen.
        one_row: whether the input has one row for each text, not one for each token.
    """

    rows: npt.NDArray[np.floating[Any]]
    lowest: Floats
    highest: Floats
    tokens: int
    one_row: bool


@dataclass(frozen=True)
class InputGrid:
    """How one input becomes integers: round((x * multiplier + offset) / scale) + zero_point.

    Attributes:
        multiplier, offset: float32 [channels]; None is 1, and 0.
        scale: of all tokens; None where each token has its own, its largest value / `levels`.
        zero_point: code of 0.
        bits: of a code: 8, or 16 with a static scale.
        levels: codes between 0 and the largest value, for a scale per token.
    """

    multiplier: Floats | None = None
    offset: Floats | None = None
    scale: float | None = None
    zero_point: int = SYMMETRIC
    bits: int = 8
    levels: int = 127

    def transformed(self, rows: Floats) -> Floats:
        """The values that are rounded, float32 [tokens, channels]."""
        if self.multiplier is not None:
            rows = rows * self.multiplier
        return rows if self.offset is None else rows + self.offset

    def codes(self, transformed: Floats) -> tuple[Floats, Floats]:
        """Whole numbers from 0 for transformed values, and the scale of each token, [tokens, 1]."""
        if self.scale is None:
            scales = np.abs(transformed).max(axis=1, keepdims=True) / np.float32(self.levels)
            scales = np.maximum(scales, np.float32(1e-9))
        else:
            scales = np.full((len(transformed), 1), self.scale, np.float32)
        return np.clip(
            np.rint(transformed / scales) + self.zero_point, 0, HIGHEST[self.bits]
        ), scales

    def rounded(self, transformed: Floats) -> Floats:
        """Transformed values as they come back from their codes."""
        codes, scales = self.codes(transformed)
        return np.asarray((codes - self.zero_point) * scales, np.float32)

    def divided(self, weight: Floats) -> Floats:
        """The weight that goes with transformed inputs, float32 [channels, outputs]."""
        return weight if self.multiplier is None else weight / self.multiplier[:, None]


@dataclass(frozen=True)
class Moment:
    """Mean and second moment of rows: float32 [channels] and [channels, channels]."""

    mean: Floats
    second: Floats

    @classmethod
    def of(cls, rows: Floats) -> Moment:
        return cls(rows.mean(axis=0), rows.T @ rows / np.float32(len(rows)))

    def transformed(self, grid: InputGrid) -> npt.NDArray[np.float64]:
        """The second moment of the values that a grid rounds, float64 [channels, channels]."""
        second, mean = self.second.astype(np.float64), self.mean.astype(np.float64)
        if grid.multiplier is not None:
            second *= grid.multiplier[:, None]
            second *= grid.multiplier
            mean *= grid.multiplier
        if grid.offset is not None:
            shared = np.outer(grid.offset, mean + grid.offset / 2)
            second += shared + shared.T
        return second


def choose_grid(
    sample: ActivationSample, weight: Floats, *, static: bool, saturates: bool, bits: int = 8
) -> InputGrid:
    """The simplest grid whose error is near the least.

    Args:
        sample: inputs of the layers.
        weight: float32 [channels, outputs], of all the layers side by side.
        static: one scale for all tokens, rather than one for each.
        saturates: how the weights will be rounded, see `edgebert.quantize.forms.rounding`.
        bits: of a code.
    """
    rows = sample.rows[:_ROWS].astype(np.float32)
    weight = weight[:, :: -(-weight.shape[1] // _OUTPUTS)]
    best: tuple[float, InputGrid] | None = None
    for candidate in _candidates(sample, weight, static=static):
        divided = candidate.divided(weight)
        rounded = round_weight(divided, saturates=saturates).floats
        transformed = candidate.transformed(rows)
        exact = transformed @ divided
        grids = _ranges(replace(candidate, bits=bits), sample) if static else iter([candidate])
        error, grid = _widest((_error(g, transformed, rounded, exact), g) for g in grids)
        if best is None or error < _WORTH * best[0]:
            best = (error, grid)
    assert best is not None
    return best[1]


def _widest(errors: Iterable[tuple[float, InputGrid]]) -> tuple[float, InputGrid]:
    """The first grid whose error is near the least; errors fall, then rise."""
    tried: list[tuple[float, InputGrid]] = []
    for error, grid in errors:
        tried.append((error, grid))
        if error > _PAST * min(tried, key=lambda found: found[0])[0]:
            break
    least = min(error for error, _ in tried)
    return next(found for found in tried if found[0] <= _HEADROOM * least)


def _candidates(sample: ActivationSample, weight: Floats, *, static: bool) -> Iterator[InputGrid]:
    """Grids without a range, the simpler ones first."""
    one_sided = _is_one_sided(float(sample.lowest.min()), float(sample.highest.max()))
    base = InputGrid()
    if one_sided and not static:  # a static range reaches no further below zero than it must
        lift = np.full_like(sample.lowest, max(0.0, -float(sample.lowest.min())))
        base = InputGrid(offset=lift if lift.any() else None, zero_point=0, levels=HIGHEST[8])
    yield base
    largest = np.maximum(np.abs(sample.lowest), np.abs(sample.highest))
    for power in _POWERS:
        multiplier = _multiplier(largest, weight, power)
        offset = None if base.offset is None else base.offset * multiplier
        yield replace(base, multiplier=multiplier, offset=offset)
    if not one_sided:
        half = np.asarray((sample.highest - sample.lowest) / 2, np.float32)
        center = sample.lowest + half
        for power in _POWERS:
            multiplier = _multiplier(half, weight, power)
            yield InputGrid(multiplier, -center * multiplier)


def _multiplier(largest: Floats, weight: Floats, power: float) -> Floats:
    """max|w|**(1 - power) / max|x|**power of each channel, with a geometric mean of 1."""
    activations = np.maximum(largest, _TINY)
    weights = np.maximum(np.abs(weight).max(axis=1), _TINY)
    multiplier = weights ** (1 - power) / activations**power
    evened = multiplier / np.exp(np.log(multiplier).mean())
    return np.asarray(np.clip(evened, 1 / _FURTHEST, _FURTHEST), np.float32)


def _ranges(grid: InputGrid, sample: ActivationSample) -> Iterator[InputGrid]:
    """The grid with static ranges, the widest first."""
    ends = np.stack([grid.transformed(end[None])[0] for end in (sample.lowest, sample.highest)])
    lowest, highest = min(float(ends.min()), 0.0), max(float(ends.max()), 0.0)
    last = HIGHEST[grid.bits]
    for stretch in _STRETCHES:
        low = lowest if _is_one_sided(lowest, highest) else stretch * lowest
        scale = max(stretch * highest - low, 1e-9) / last
        zero_point = int(np.clip(round(-low / scale), 0, last))
        yield replace(grid, scale=float(np.float32(scale)), zero_point=zero_point)


def _is_one_sided(lowest: float, highest: float) -> bool:
    return lowest >= -_ONE_SIDED * highest


def _error(grid: InputGrid, transformed: Floats, weight: Floats, exact: Floats) -> float:
    """Mean squared error of the outputs."""
    return float(np.square(grid.rounded(transformed) @ weight - exact).mean())
