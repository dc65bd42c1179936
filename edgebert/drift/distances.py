"""Numbers for how far apart two sets of outputs are. numpy in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edgebert.records.checked import EntityChanges, Flips
from edgebert.runtimes import Entity
from edgebert.runtimes.answers import Array, probabilities

Floats = npt.NDArray[np.float64]


def cosines(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Cosine of each row of `a`, [n, dim], with the same row of `b`; two zero rows are equal."""
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    equal = (left == right).all(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = np.where(equal, 1.0, (left * right).sum(axis=1) / norms)
    return np.asarray(np.clip(result, -1.0, 1.0))


def probability_changes(
    reference: Sequence[Array], candidate: Sequence[Array], *, multi_label: bool
) -> Floats:
    """Largest change of a probability in each text; logits are [labels] or [tokens, labels]."""
    changes = [
        np.abs(
            probabilities(a, multi_label=multi_label) - probabilities(b, multi_label=multi_label)
        ).max()
        if a.shape == b.shape
        else 1.0  # other tokens: nothing to compare position by position
        for a, b in zip(reference, candidate, strict=True)
    ]
    return np.asarray(changes, np.float64)


def label_flips(
    reference: Sequence[Array], candidate: Sequence[Array], *, multi_label: bool
) -> Flips:
    """Changed decisions: of texts for [labels], of tokens for [tokens, labels]."""
    flips = n = 0
    for a, b in zip(reference, candidate, strict=True):
        rows = 1 if a.ndim == 1 else len(a)
        n += rows
        flips += rows if a.shape != b.shape else _changed(a, b, multi_label=multi_label)
    return Flips(flips, n, flips / n, exact_binomial_interval(flips, n))


def exact_binomial_interval(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a rate: `hits` of `n` (Clopper & Pearson, Biometrika 1934)."""
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _solve(lambda p: 1 - _binomial_cdf(hits - 1, n, p), tail)
    high = 1.0 if hits == n else _solve(lambda p: -_binomial_cdf(hits, n, p), -tail)
    return low, high


def neighbour_overlap(reference: Array, candidate: Array, k: int = 10) -> float:
    """Mean share of the k nearest neighbours (by cosine, itself left out) that both agree on.

    Args:
        reference, candidate: float32 [n, dim] with n > k.
        k: how many neighbours.
    """
    shared = [
        len(np.intersect1d(a, b, assume_unique=True))
        for a, b in zip(_neighbours(reference, k), _neighbours(candidate, k), strict=True)
    ]
    return float(np.mean(shared)) / k


def entity_changes(
    reference: Sequence[Sequence[Entity]], candidate: Sequence[Sequence[Entity]]
) -> EntityChanges:
    """Compare entities text by text.

    The same span with another label was relabelled, an overlapping span with the same label
    moved; what is left over was lost or added.
    """
    counts = {"added": 0, "lost": 0, "moved": 0, "relabelled": 0}
    for before, after in zip(reference, candidate, strict=True):
        old = {(e.start, e.end, e.label) for e in before}
        new = {(e.start, e.end, e.label) for e in after}
        lost, added = sorted(old - new), sorted(new - old)
        for kind, same in (("relabelled", _same_span), ("moved", _overlaps)):
            pairs = _match(lost, added, same)
            counts[kind] += len(pairs)
            lost = [e for e in lost if e not in {a for a, _ in pairs}]
            added = [e for e in added if e not in {b for _, b in pairs}]
        counts["lost"] += len(lost)
        counts["added"] += len(added)
    return EntityChanges(**counts)


_Key = tuple[int, int, str]


def _same_span(a: _Key, b: _Key) -> bool:
    return a[:2] == b[:2]


def _overlaps(a: _Key, b: _Key) -> bool:
    return a[2] == b[2] and a[0] < b[1] and b[0] < a[1]


def _match(
    lost: list[_Key], added: list[_Key], same: Callable[[_Key, _Key], bool]
) -> list[tuple[_Key, _Key]]:
    free = list(added)
    pairs = []
    for old in lost:
        new = next((candidate for candidate in free if same(old, candidate)), None)
        if new is not None:
            free.remove(new)
            pairs.append((old, new))
    return pairs


def _changed(a: Array, b: Array, *, multi_label: bool) -> int:
    if multi_label:
        return int(((a >= 0) != (b >= 0)).any())
    return int(np.sum(a.argmax(axis=-1) != b.argmax(axis=-1)))


def _neighbours(vectors: Array, k: int) -> npt.NDArray[np.int64]:
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    return np.asarray(np.argpartition(-similarity, k, axis=1)[:, :k])


def _binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) for X ~ Binomial(n, p), summed in logarithms so that nothing overflows."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return float(k >= n)
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k + 1)
    ]  # fmt: skip
    return min(1.0, math.fsum(math.exp(x) for x in logs))


def _solve(increasing: Callable[[float], float], target: float) -> float:
    """The p in [0, 1] at which an increasing function reaches `target`, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if increasing(middle) < target else (low, middle)
    return (low + high) / 2
