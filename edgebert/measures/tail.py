"""How far the furthest texts are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgebert.measures.compared import Compared
from edgebert.measures.formats import drift
from edgebert.measures.measure import Bound, Measure, Row


@dataclass(frozen=True)
class Tail:
    """Distances: one text in a hundred is further than `p99`, none further than `max`."""

    p99: float
    max: float


def _tail(compared: Compared) -> Tail:
    distances = compared.distances
    return Tail(float(np.percentile(distances, 99)), float(distances.max()))


def _in_terminal(tail: Tail) -> Iterator[Row]:
    yield "distance p99 / most", f"{tail.p99:.3g} / {tail.max:.3g}"


def _in_page(tail: Tail) -> Iterator[Row]:
    yield "distance, 99th percentile", drift(tail.p99)
    yield "distance, largest", drift(tail.max)


TAIL = Measure(
    key="tail",
    part=Tail,
    compute=_tail,
    terminal=_in_terminal,
    page=_in_page,
    bound=Bound(
        name="max_drift_p99",
        value=lambda tail: tail.p99,
        least=0.0,
        most=2.0,
        subject="99th percentile of the distance",
        help="Largest 99th percentile of what --max-drift bounds the mean of.",
        slack=None,  # of few texts it is the distance of one of them: no baseline holds it
    ),
)
