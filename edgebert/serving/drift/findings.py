"""What was found of one bundle so far: numbers, and never a text."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgebert.measures.compared import Floats, Integers
from edgebert.measures.distances import bins, histogram_of
from edgebert.records.header import now
from edgebert.records.live_drift import Compared, LabelChange, LivePromise, Period
from edgebert.serving.drift.certainty import FEWEST_TEXTS, mean_at_least, rate_at_least
from edgebert.serving.drift.moved import Moved

NEWEST = 1000
"""Texts that promises are held by: what was asked long ago does not hide what is asked now."""

_PERIOD = 100
_PERIODS = 60
_LOOK = 10
"""Texts after which promises are looked at again."""

_CHANGES = 20


@dataclass(frozen=True)
class Promised:
    """What is promised at most, by the name of the bound, and who promises."""

    bounds: Mapping[str, float]
    source: str


class Findings:
    """Distances of texts, in memory that does not grow with them; safe to use from any thread.

    Args:
        promised: what is promised of the bundle.
    """

    def __init__(self, promised: Promised) -> None:
        self._promised = promised
        self._lock = threading.Lock()
        self._since = now()
        self._n = 0
        self._sum = self._furthest = 0.0
        self._counts = bins(np.empty(0))
        self._flips = self._decisions = 0
        self._changes: Counter[tuple[str, str]] = Counter()
        self._newest: deque[Moved] = deque(maxlen=NEWEST)
        self._periods: deque[Period] = deque(maxlen=_PERIODS)
        self._promises: tuple[LivePromise, ...] = ()

    def add(self, found: Moved) -> list[LivePromise]:
        """Take a text into account; gives the promises that are broken, or kept again, by now."""
        with self._lock:
            self._count(found)
            before = {promise.name for promise in self._promises if promise.beyond}
            if self._n % _LOOK == 0:
                self._promises = tuple(self._held(before))
            return [p for p in self._promises if p.beyond != (p.name in before)]

    def record(self) -> Compared | None:
        """All of it; None before the first text."""
        with self._lock:
            if not self._n:
                return None
            decided = self._decisions > 0
            return Compared(
                since=self._since,
                n=self._n,
                distance_mean=self._sum / self._n,
                distance_max=self._furthest,
                histogram=histogram_of(self._counts),
                flips=self._flips if decided else None,
                decisions=self._decisions if decided else None,
                changes=tuple(
                    LabelChange(*labels, n) for labels, n in self._changes.most_common(_CHANGES)
                ),
                promises=self._promises,
                periods=tuple(self._periods),
            )

    def _count(self, found: Moved) -> None:
        self._n += 1
        self._sum += found.distance
        self._furthest = max(self._furthest, found.distance)
        self._counts += bins(np.asarray([found.distance]))
        self._flips += found.changed
        self._decisions += found.decisions
        if found.labels is not None:
            self._changes[found.labels] += 1
        self._newest.append(found)
        if not self._periods or self._periods[-1].n == _PERIOD:
            self._periods.append(Period(now(), 0, 0.0, 0.0, 0, 0))
        self._periods[-1] = _with(self._periods[-1], found)

    def _held(self, broken: set[str]) -> list[LivePromise]:
        """The promises as the newest texts keep them; a broken one until its mean is back."""
        values = {"max_drift": self._drift()} | (
            {"max_flips": self._rate()} if self._decisions else {}
        )
        held = []
        for name, bound in self._promised.bounds.items():
            if name not in values:
                continue
            value, least = values[name]
            texts, source = len(self._newest), self._promised.source
            sure = texts >= FEWEST_TEXTS and least > bound
            beyond = sure or (name in broken and value > bound)
            held.append(LivePromise(name, bound, source, value, least, texts, beyond))
        return held

    def _drift(self) -> tuple[float, float]:
        distances: Floats = np.asarray([found.distance for found in self._newest])
        return float(distances.mean()), mean_at_least(distances)

    def _rate(self) -> tuple[float, float]:
        changed: Integers = np.asarray([found.changed for found in self._newest])
        decisions: Integers = np.asarray([found.decisions for found in self._newest])
        total = int(decisions.sum())
        return int(changed.sum()) / max(total, 1), rate_at_least(changed, decisions)


def _with(period: Period, found: Moved) -> Period:
    n = period.n + 1
    return Period(
        began=period.began,
        n=n,
        distance_mean=period.distance_mean + (found.distance - period.distance_mean) / n,
        distance_max=max(period.distance_max, found.distance),
        flips=period.flips + found.changed,
        decisions=period.decisions + found.decisions,
    )
