"""The mean distance of the texts' answers."""

from __future__ import annotations

from collections.abc import Iterator

from edgebert.measures.compared import Compared
from edgebert.measures.formats import drift
from edgebert.measures.measure import Bound, Measure, Row, rounding


def _mean(compared: Compared) -> float:
    return float(compared.distances.mean())


def _in_terminal(mean: float) -> Iterator[Row]:
    yield "mean distance", f"{mean:.3g}"


def _in_page(mean: float) -> Iterator[Row]:
    yield "mean distance", drift(mean)


DISTANCE: Measure[float] = Measure(
    key="distance_mean",
    compute=_mean,
    terminal=_in_terminal,
    page=_in_page,
    diff=lambda mean: {"distance_mean": mean},
    bound=Bound(
        name="max_drift",
        value=lambda mean: mean,
        least=0.0,
        most=2.0,
        subject="mean distance",
        help="Largest mean of 1 - cosine (heads: of the largest change of a probability).",
        slack=rounding,
    ),
)
