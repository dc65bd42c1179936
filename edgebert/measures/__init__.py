"""Every measure of drift, and the bounds that may be set on them.

A measure is an object in a file of this room: what it computes from the answers of two sides, how
it is told, and what of it may be bounded. To add one, write it and name it in `MEASURES`; where it
has a bound, give that its line in `Thresholds` too. Commands, gates, baselines, records and reports
follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from edgebert.measures.compared import Compared
from edgebert.measures.cosine import COSINE
from edgebert.measures.distance import DISTANCE
from edgebert.measures.entities import ENTITIES
from edgebert.measures.invariance import BATCH_INVARIANCE, PADDING_INVARIANCE
from edgebert.measures.labels import CHANGED_LABELS
from edgebert.measures.logits import LOGITS
from edgebert.measures.measure import Bound, Measure
from edgebert.measures.metrics import MCNEMAR, METRICS
from edgebert.measures.neighbours import NEIGHBOURS
from edgebert.measures.pair_similarity import PAIR_SIMILARITY
from edgebert.measures.pieces import PIECES
from edgebert.measures.tail import TAIL
from edgebert.measures.translations import ENDINGS, TRANSLATIONS
from edgebert.records.checked import CheckRecord

MEASURES: tuple[Measure[Any], ...] = (
    DISTANCE,
    TAIL,
    COSINE,
    NEIGHBOURS,
    PAIR_SIMILARITY,
    PIECES,
    CHANGED_LABELS,
    LOGITS,
    ENTITIES,
    TRANSLATIONS,
    ENDINGS,
    MCNEMAR,
    METRICS,
    BATCH_INVARIANCE,
    PADDING_INVARIANCE,
)
"""In the order in which they are told."""


@dataclass(frozen=True)
class Thresholds:
    """Bounds of the gate; None asks nothing.

    Attributes:
        min_cosine: smallest cosine that any one embedding may have to its reference.
        max_drift: largest mean distance (1 - cosine; for heads, largest change of a probability).
        max_flips: largest share of changed labels, or of a translator's next tokens.
        max_metric_drop: points that the task metric may lose.
        min_neighbours: smallest mean share of equal neighbours among the nearest ten.
        max_drift_p99: largest 99th percentile of the distance.

    Raises:
        InputError: on construction, a bound that no value could keep or break.
    """

    min_cosine: float | None = None
    max_drift: float | None = None
    max_flips: float | None = None
    max_metric_drop: float | None = None
    min_neighbours: float | None = None
    max_drift_p99: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            BOUNDS[name].require_sensible(value)

    def given(self) -> dict[str, float]:
        return {name: value for name, value in asdict(self).items() if value is not None}


BOUNDED: dict[str, Measure[Any]] = {
    field.name: measure
    for field in fields(Thresholds)
    for measure in MEASURES
    if measure.bound and measure.bound.name == field.name
}
"""The measure that a bound is about, by the name of the bound."""

BOUNDS: dict[str, Bound[Any]] = {
    name: measure.bound for name, measure in BOUNDED.items() if measure.bound
}


def compute(compared: Compared) -> dict[str, Any]:
    """What each measure finds in two sides' answers, by its key; those that find nothing left out."""
    found = ((measure.key, measure.compute(compared)) for measure in MEASURES)
    return {key: part for key, part in found if part is not None}


def found_in(
    record: CheckRecord, *, first: Sequence[Measure[Any]] = ()
) -> Iterator[tuple[Measure[Any], Any]]:
    """What a record holds of each measure, without those that were not measured.

    Args:
        record: of a check, of any version.
        first: measures that go before the others.
    """
    for measure in dict.fromkeys((*first, *MEASURES)):
        part = measure.found_in(record)
        if part is not None:
            yield measure, part


def as_fields(parts: Mapping[str, Any]) -> dict[str, Any]:
    """What measures found, by their keys, as fields of a `CheckRecord`."""
    own = {measure.key: parts.get(measure.key) for measure in MEASURES if measure.has_own_key}
    others = {key: asdict(part) for key, part in parts.items() if key not in own}
    return {**own, "measures": others}
