"""How far apart two answers to one text are, by what the answers are. numpy in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgebert.arrays import Array
from edgebert.logits import probabilities
from edgebert.measures.compared import Entities, Floats, Integers
from edgebert.records.checked import (
    Histogram,
)
from edgebert.records.manifest import SOFTMAX

_EDGES = np.concatenate([[0.0], 10.0 ** np.arange(-8, 0.5, 0.25)])


def probability_changes(
    reference: Sequence[Array],
    candidate: Sequence[Array],
    *,
    scorings: tuple[str, str] = (SOFTMAX, SOFTMAX),
) -> Floats:
    """Largest change of a probability, or of a score, in each text.

    It is 1, the largest a probability can change, where the tokens are others or a value is nan.

    Args:
        reference, candidate: logits [labels], [tokens, labels] or [masks, vocabulary].
        scorings: how each side makes scores of logits (see `probabilities`).
    """
    left, right = scorings
    changes = [
        np.abs(probabilities(a, left) - probabilities(b, right)).max(initial=0)
        if a.shape == b.shape
        else 1.0
        for a, b in zip(reference, candidate, strict=True)
    ]
    return np.nan_to_num(np.asarray(changes, np.float64), nan=1.0)


def entity_disagreement(reference: Entities, candidate: Entities) -> Floats:
    """Share of the entities of each text that only one side found, float64 [n]."""
    shares = []
    for before, after in zip(reference, candidate, strict=True):
        old = {(e.start, e.end, e.label) for e in before}
        new = {(e.start, e.end, e.label) for e in after}
        shares.append(len(old ^ new) / max(len(old | new), 1))
    return np.asarray(shares, np.float64)


def histogram(distances: Floats) -> Histogram:
    """Count distances in quarter decades, below 1e-8 in one bin; empty ends are left out."""
    return histogram_of(bins(distances))


def bins(distances: Floats) -> Integers:
    """How many distances there are in each bin of a histogram, int64 [bins]."""
    return np.histogram(np.clip(distances, 0, _EDGES[-1]), _EDGES)[0].astype(np.int64)


def histogram_of(counts: Integers) -> Histogram:
    """A histogram of what `bins` counted, or of sums of that."""
    used = np.flatnonzero(counts)
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, 0)
    return Histogram(
        edges=tuple(float(f"{edge:.6g}") for edge in _EDGES[first : last + 2]),
        counts=tuple(int(count) for count in counts[first : last + 1]),
    )
