"""The weights of two sides beside one another: the same model, but for rounding?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from edgebert.onnx_graph.weights import Weight
from edgebert.records.checked import WeightChange, Weights

_SHOWN = 10
_RELATED = 0.5  # median residual above which two models share a shape and nothing else
_BODY = re.compile(r"\.\d+\.|embed|layer_?norm|final_norm", re.IGNORECASE)


@dataclass(frozen=True)
class _Tolerance:
    """How far storing a weight in so many bits may move it."""

    gain: float
    residual: float


# Rounding to 8 bits leaves a residual of 0.01 with a scale per channel, several times that with
# one scale for a whole weight; its gain stays within a thousandth.
_TOLERANCES = {
    64: _Tolerance(1e-4, 1e-3),
    32: _Tolerance(1e-4, 1e-3),
    16: _Tolerance(3e-3, 1e-2),
    4: _Tolerance(0.05, 0.3),  # the largest value of a block sets its scale
}
_ROUNDED = _Tolerance(0.01, 0.2)


@dataclass(frozen=True)
class WeightComparison:
    """Weights that both sides hold under one name.

    Attributes:
        related: whether the candidate is the reference, or was made from it: most of the weights
            are found again, and point the same way.
        changed: those further off than their storage explains, furthest first.
        bits: fewest bits that a matrix of the candidate is stored in.
    """

    changes: tuple[WeightChange, ...]
    related: bool
    changed: tuple[WeightChange, ...]
    bits: int

    @property
    def record(self) -> Weights:
        return Weights(len(self.changes), _furthest(self.changes)[:_SHOWN])


def compare_weights(
    reference: Mapping[str, Weight], candidate: Mapping[str, Weight]
) -> WeightComparison:
    """Compare weights by name; a side may put a prefix of its own before the names."""
    pairs = list(_pairs(reference, candidate))
    changes = tuple(_change(name, old, new) for name, old, new in pairs)
    found = len(changes) >= 0.5 * min(len(reference), len(candidate))
    related = found and float(np.median([c.residual for c in changes] or [1.0])) < _RELATED
    off = [
        change
        for change, (_, old, new) in zip(changes, pairs, strict=True)
        if not _explained(change, min(old.bits, new.bits))
    ]
    return WeightComparison(
        changes=changes,
        related=related,
        changed=_furthest(off),
        bits=min((new.bits for _, _, new in pairs if new.values.ndim == 2), default=32),
    )


def belongs_to_body(name: str) -> bool:
    """Whether a weight is the encoder's: its embeddings or a numbered layer; else the head's."""
    return _BODY.search(name) is not None


def _pairs(
    reference: Mapping[str, Weight], candidate: Mapping[str, Weight]
) -> Iterator[tuple[str, Weight, Weight]]:
    by_ending: dict[str, list[str]] = {}
    for name in candidate:
        for ending in _endings(name):
            by_ending.setdefault(ending, []).append(name)
    for name, weight in reference.items():
        found = by_ending.get(name) or [e for e in _endings(name) if e in candidate]
        same_size = [f for f in found if candidate[f].values.size == weight.values.size]
        if same_size and weight.values.ndim:
            yield name, weight, candidate[min(same_size, key=len)]


def _endings(name: str) -> list[str]:
    """The name itself, and what is left of it without one leading part after the other."""
    parts = name.split(".")
    return [".".join(parts[i:]) for i in range(max(1, len(parts) - 1))]


def _change(name: str, old: Weight, new: Weight) -> WeightChange:
    """The better of the two ways a matrix may lie: PyTorch keeps [out, in], ONNX [in, out].

    Where inputs are multiplied before they meet the weight, both are compared as they meet it then.
    """
    old, new = (replace(weight, values=_matrix(weight.values)) for weight in (old, new))
    after = new.values if new.multiplier is None else new.values / new.multiplier[:, None]
    ways = [_lying(old.values.T, new)] if old.values.ndim == 2 else []
    if new.values.shape == old.values.shape:
        ways.append(_lying(old.values, new))
    fits = [_fit(way.ravel(), after.ravel()) for way in ways or [old.values]]
    gain, residual = min(fits, key=lambda fit: fit[1])
    return WeightChange(name, gain, residual)


def _matrix(values: np.ndarray) -> np.ndarray:
    """A convolution of width 1, [out, in, 1], is a linear layer."""
    return values[..., 0] if values.ndim == 3 and values.shape[-1] == 1 else values


def _lying(old: np.ndarray, new: Weight) -> np.ndarray:
    """The old weight, [in, out] if it lies that way, divided as the new one is."""
    fits = new.multiplier is not None and old.shape == new.values.shape
    return old / new.multiplier[:, None] if fits and new.multiplier is not None else old


def _fit(old: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """Least-squares gain, and what it leaves as a share of the old norm."""
    before, after = old.astype(np.float64), new.astype(np.float64)
    norm = float(before @ before)
    if norm == 0:
        return 1.0, float(np.linalg.norm(after))
    gain = float(before @ after) / norm
    return gain, float(np.linalg.norm(after - gain * before)) / norm**0.5


def _explained(change: WeightChange, bits: int) -> bool:
    allowed = _TOLERANCES.get(bits, _ROUNDED)
    return abs(change.gain - 1) <= allowed.gain and change.residual <= allowed.residual


def _furthest(changes: tuple[WeightChange, ...] | list[WeightChange]) -> tuple[WeightChange, ...]:
    order = sorted(changes, key=lambda c: -np.nan_to_num(abs(c.gain - 1) + c.residual, nan=np.inf))
    return tuple(order)
