"""Numbers for how far apart two sets of outputs are. numpy in, numbers out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.records.checked import (
    EntityChanges,
    Flips,
    Histogram,
    LogitDivergence,
)
from edgebert.records.manifest import SOFTMAX
from edgebert.runtimes import Entity
from edgebert.tasks.answers import probabilities

Floats = npt.NDArray[np.float64]


def cosines(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Cosine of each row of `a`, [n, dim], with the same row of `b`.

    Two zero rows are equal; a row beside a zero row, or with a nan, is as far as can be: -1.
    """
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    equal = (left == right).all(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = np.where(equal, 1.0, (left * right).sum(axis=1) / norms)
    return np.asarray(np.clip(np.nan_to_num(result, nan=-1.0), -1.0, 1.0))


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


def changed_decisions(
    reference: Sequence[Array], candidate: Sequence[Array], *, multi_label: bool
) -> npt.NDArray[np.int64]:
    """Changed and all decisions in each text, int64 [n, 2]: one for [labels], else one a token."""
    counts = []
    for a, b in zip(reference, candidate, strict=True):
        rows = 1 if a.ndim == 1 else len(a)  # 0 where a text's mask was cut away
        changed = rows if a.shape != b.shape else _changed(a, b, multi_label=multi_label)
        counts.append((changed, rows))
    return np.asarray(counts, np.int64).reshape(-1, 2)


def label_flips(decisions: npt.NDArray[np.int64]) -> Flips:
    """Sum up `changed_decisions`."""
    flips, n = (int(total) for total in decisions.sum(axis=0))
    return Flips(flips, n, flips / max(n, 1), exact_binomial_interval(flips, n))


def logit_divergence(
    reference: Sequence[Array], candidate: Sequence[Array], *, multi_label: bool
) -> LogitDivergence | None:
    """How far logits [labels] or [tokens, labels] moved, over all texts with equal tokens.

    Multi-label logits are not centred, and their divergence is summed over the labels.
    """
    moved, divergences = [], []
    for a, b in zip(reference, candidate, strict=True):
        if a.shape == b.shape and a.size:
            differences, divergence = _divergence(a, b, multi_label=multi_label)
            moved.append((differences.sum(), differences.size, differences.max()))
            divergences.append(divergence)
    if not moved:
        return None
    total, count, largest = np.asarray(moved).T
    divergence = np.concatenate(divergences)
    return LogitDivergence(
        mean_abs=float(total.sum() / count.sum()),
        max_abs=float(largest.max()),
        kl_mean=max(0.0, float(divergence.mean())),
        kl_max=max(0.0, float(divergence.max())),
    )


def entity_disagreement(
    reference: Sequence[Sequence[Entity]], candidate: Sequence[Sequence[Entity]]
) -> Floats:
    """Share of the entities of each text that only one side found, float64 [n]."""
    shares = []
    for before, after in zip(reference, candidate, strict=True):
        old = {(e.start, e.end, e.label) for e in before}
        new = {(e.start, e.end, e.label) for e in after}
        shares.append(len(old ^ new) / max(len(old | new), 1))
    return np.asarray(shares, np.float64)


def histogram(distances: Floats) -> Histogram:
    """Count distances in quarter decades, below 1e-8 in one bin; empty ends are left out."""
    edges = np.concatenate([[0.0], 10.0 ** np.arange(-8, 0.5, 0.25)])
    counts, _ = np.histogram(np.clip(distances, 0, edges[-1]), edges)
    used = np.flatnonzero(counts)
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, 0)
    return Histogram(
        edges=tuple(float(f"{edge:.6g}") for edge in edges[first : last + 2]),
        counts=tuple(int(count) for count in counts[first : last + 1]),
    )


def exact_binomial_interval(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a rate: `hits` of `n` (Clopper & Pearson, Biometrika 1934)."""
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _solve(lambda p: 1 - _binomial_cdf(hits - 1, n, p), tail)
    high = 1.0 if hits == n else _solve(lambda p: -_binomial_cdf(hits, n, p), -tail)
    return low, high


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


def _divergence(a: Array, b: Array, *, multi_label: bool) -> tuple[Floats, Floats]:
    """Absolute differences of one text's logits, and the divergence of each of its rows."""
    left, right = (np.atleast_2d(rows).astype(np.float64) for rows in (a, b))
    if multi_label:
        divergence = sum(
            _kl(_log_sigmoid(sign * left), _log_sigmoid(sign * right)) for sign in (1, -1)
        )
    else:
        left, right = (rows - rows.mean(axis=1, keepdims=True) for rows in (left, right))
        divergence = _kl(_log_softmax(left), _log_softmax(right))
    return np.abs(left - right), np.asarray(divergence)


def _kl(log_p: Floats, log_q: Floats) -> Floats:
    return np.asarray((np.exp(log_p) * (log_p - log_q)).sum(axis=-1))


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def _log_sigmoid(logits: Floats) -> Floats:
    return np.asarray(-np.logaddexp(0, -logits))


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
