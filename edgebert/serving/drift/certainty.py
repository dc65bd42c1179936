"""When a promise is broken, and not only by chance.

A promise is about means, and texts differ: of few texts a mean says little. So each is held by what it
is almost certainly above: the lower end of a one-sided interval that is right in all but 1 of 30,000
cases (4 standard errors of a normal distribution), because it is looked at after every text. The
distribution of distances has a long tail to the right, on which side such an interval errs to the
low: the alarm comes late rather than for nothing.
"""

from __future__ import annotations

import math

import numpy as np

from edgebert.measures.compared import Floats, Integers
from edgebert.measures.statistics import exact_binomial_low

FEWEST_TEXTS = 50
"""Texts before which no alarm is raised."""

_ERRORS = 4.0
_TAIL = 3.2e-5
"""What a normal distribution has beyond so many standard errors, on one side."""


def mean_at_least(distances: Floats) -> float:
    """What the mean is almost certainly above: it less four of its standard errors, at least 0."""
    n = len(distances)
    if n < 2:
        return 0.0
    error = float(distances.std(ddof=1)) / math.sqrt(n)
    return max(0.0, float(distances.mean()) - _ERRORS * error)


def rate_at_least(changed: Integers, decisions: Integers) -> float:
    """What a rate of changed decisions is almost certainly above (Clopper & Pearson 1934).

    Decisions of one text, as those about its tokens, change together: they count for as many as would
    be as sure by themselves (the design effect of Kish 1965, of a ratio of sums over texts).

    Args:
        changed, decisions: of each text, int [n].
    """
    hits, n = int(changed.sum()), int(decisions.sum())
    if not hits:
        return 0.0
    rate = hits / n
    alone = n * rate * (1 - rate)
    together = float(np.square(changed - rate * decisions).sum())
    effect = max(1.0, together / alone) if alone else max(1.0, n / len(changed))
    of = math.ceil(n / effect)
    return exact_binomial_low(min(of, int(hits / effect)), of, _TAIL)
