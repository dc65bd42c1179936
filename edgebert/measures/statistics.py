"""Statistics of answers: numbers in, numbers out, no model. Shares are from 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgebert.measures.compared import Entities, Floats, Integers

Rows = npt.NDArray[np.intp]
"""Numbers of rows, int [n]; a resample names some rows twice and others not at all."""


def accuracy(expected: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Share of equal rows; for [n, labels] the whole row must be equal."""
    equal = np.asarray(expected) == np.asarray(predicted)
    return float(equal.reshape(len(equal), -1).all(axis=1).mean())


def macro_f1(expected: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Mean F1 of the labels, as scikit-learn counts it.

    Args:
        expected, predicted: label numbers [n], where labels that occur on neither side do not
            count; or 0 and 1 [n, labels], where every label counts and one that never occurs
            has an F1 of 0.
    """
    want, got = np.asarray(expected, np.int64), np.asarray(predicted, np.int64)
    if want.ndim == 2:
        hits, total = (want & got).sum(axis=0), want.sum(axis=0) + got.sum(axis=0)
        return float((2 * hits / np.maximum(total, 1)).mean())
    hits, wanted, given = _counts(want, got)
    total = wanted + given
    return float((2 * hits[total > 0] / total[total > 0]).mean())


def matthews(expected: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Matthews' correlation of label numbers [n], for any number of labels; 0 for a constant.

    Gorodkin 2004, "Comparing two K-category assignments by a K-category correlation coefficient".
    """
    want, got = np.asarray(expected, np.int64), np.asarray(predicted, np.int64)
    hits, wanted, given = (counts.astype(np.float64) for counts in _counts(want, got))
    square = float(len(want)) ** 2
    covariance = len(want) * hits.sum() - wanted @ given
    scale = (square - wanted @ wanted) * (square - given @ given)
    return float(covariance / np.sqrt(scale)) if scale > 0 else 0.0


def pearson(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Pearson's correlation; nan where one side is constant."""
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if len(left) < 2 or not np.ptp(left) or not np.ptp(right):
        return math.nan
    x, y = left - left.mean(), right - right.mean()
    correlation = float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
    return min(1.0, max(-1.0, correlation))


def spearman(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Spearman's rank correlation, ties given their mean rank; nan where one side is constant."""
    return pearson(*(_ranks(np.asarray(values, np.float64)) for values in (a, b)))


def average_precision(relevant: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Area under the curve of precision over recall, as scikit-learn adds it up; nan without hits.

    Args:
        relevant: 0 or 1, [n].
        scores: [n]; equal ones are taken together.
    """
    hit, score = np.asarray(relevant, np.float64), np.asarray(scores, np.float64)
    if not hit.sum():
        return math.nan
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))  # the last of equal scores
    found = hit[order].cumsum()[ends]
    precision = found / (ends + 1)
    return float(np.diff(found, prepend=0.0) @ precision / hit.sum())


def entity_hits(gold: Entities, found: Entities) -> Integers:
    """For each text how many entities are right, expected and found, int64 [n, 3].

    Right is an entity whose span and label are both exact.
    """
    rows = []
    for wanted, given in zip(gold, found, strict=True):
        want = {(e.start, e.end, e.label) for e in wanted}
        got = {(e.start, e.end, e.label) for e in given}
        rows.append((len(want & got), len(want), len(got)))
    return np.asarray(rows, np.int64).reshape(-1, 3)


def micro_f1(hits: npt.NDArray[np.integer | np.floating]) -> float:
    """F1 over all the entities of `entity_hits`; 1 where there are none on either side."""
    right, wanted, given = (float(count) for count in hits.sum(axis=0))
    return 2 * right / (wanted + given) if wanted + given else 1.0


def entity_f1(gold: Entities, found: Entities) -> float:
    """Micro-averaged F1 of entities: span and label must both be exact."""
    return micro_f1(entity_hits(gold, found))


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Two-sided p of so uneven a split, were both sides equally good.

    McNemar's test with the exact binomial distribution (Edwards 1948), for pairs of answers of
    which one side alone was right.
    """
    n, fewer = only_a + only_b, min(only_a, only_b)
    logs = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) - n * math.log(2)
        for i in range(fewer + 1)
    ]
    return min(1.0, 2 * math.fsum(math.exp(x) for x in logs))


def bootstrap_interval(
    statistic: Callable[[Rows], float],
    n: int,
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> tuple[float, float] | None:
    """Percentile interval of a statistic over resampled rows (Efron & Tibshirani 1993).

    Resamples for which the statistic is not a number are left out.

    Args:
        statistic: computes it from the numbers of `n` rows.
        n: how many rows there are.
        resamples: how often to draw them.
        seed: of the draws, so that the same data give the same interval.
        confidence: share of the resamples that the interval holds.

    Returns:
        Its two ends, or None where no resample gave a number.
    """
    random = np.random.default_rng(seed)
    values = np.asarray([statistic(random.integers(0, n, n)) for _ in range(resamples)])
    numbers = values[np.isfinite(values)]
    if not len(numbers):
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(numbers, (tail, 1 - tail))
    return float(low), float(high)


def exact_binomial_interval(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a rate: `hits` of `n` (Clopper & Pearson, Biometrika 1934)."""
    tail = (1 - confidence) / 2
    high = 1.0 if hits == n else _solve(lambda p: -_binomial_cdf(hits, n, p), -tail)
    return exact_binomial_low(hits, n, tail), high


def exact_binomial_low(hits: int, n: int, tail: float) -> float:
    """The lower end of that interval, below which a rate lies with a probability of `tail`."""
    return 0.0 if hits == 0 else _solve(lambda p: 1 - _binomial_cdf(hits - 1, n, p), tail)


def _counts(expected: Integers, predicted: Integers) -> tuple[Integers, Integers, Integers]:
    """For each label how often it was right, expected and predicted."""
    labels = int(max(expected.max(initial=0), predicted.max(initial=0))) + 1
    right = expected[expected == predicted]
    hits, wanted, given = (
        np.bincount(numbers, minlength=labels) for numbers in (right, expected, predicted)
    )
    return hits, wanted, given


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = counts.cumsum()
    return np.asarray((last - (counts - 1) / 2)[inverse])


def _binomial_cdf(k: int, n: int, p: float) -> float:
    """P(X <= k) for X ~ Binomial(n, p), summed in logarithms so that nothing overflows."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return float(k >= n)
    i = np.arange(1, k + 1)
    choose = np.cumsum(np.log((n - i + 1) / i))  # log of n over i
    logs = choose + i * math.log(p) + (n - i) * math.log1p(-p)
    return min(1.0, math.exp(n * math.log1p(-p)) + float(np.exp(logs).sum()))


def _solve(increasing: Callable[[float], float], target: float) -> float:
    """The p in [0, 1] at which an increasing function reaches `target`, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if increasing(middle) < target else (low, middle)
    return (low + high) / 2
