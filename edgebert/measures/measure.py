"""What a measure of drift is: how it is computed, how it is told, and what of it may be bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from edgebert.errors import InputError
from edgebert.measures.compared import Compared
from edgebert.records.checked import CheckRecord
from edgebert.records.codec import from_dict

P = TypeVar("P")

Row = tuple[str, str]
"""What was measured, and what came out."""

ANY, VECTORS, LABELS = "any", "vectors", "labels"
"""Answers that have a measure: all of them, embeddings, or decisions for labels."""

_OWN_KEYS = frozenset(field.name for field in fields(CheckRecord))


def nothing(part: Any) -> tuple[()]:
    """For a place in which a measure is not told."""
    return ()


def rounding(decisions: int) -> float:
    """Slack of what rounding alone may move."""
    return 1e-6


@dataclass(frozen=True, eq=False)
class Bound(Generic[P]):
    """What users may bound of a measure.

    Attributes:
        name: the option, the key in `[tool.edgebert.check]` and of the gate: it begins with "max_"
            or with "min_", and says by that on which side a value has to stay.
        value: the figure that is held, from what was measured.
        least, most: of what makes sense as a bound.
        subject: what the figure is, in a sentence.
        help: of the option.
        metavar: of the option.
        slack: how much worse than a baseline is no worse whatever the margin, by the number of
            decisions compared; None where a baseline does not hold it.
    """

    name: str
    value: Callable[[P], float | None]
    least: float
    most: float
    subject: str
    help: str
    metavar: str = "X"
    slack: Callable[[int], float] | None = None

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")

    def require_sensible(self, value: float) -> None:
        """Raise InputError for a bound that no value could keep or break."""
        if not self.least <= value <= self.most:
            raise InputError(
                f"{self.option} {value:g} makes no sense: {self.least:g} to {self.most:g}"
            )

    def keeps(self, value: float, bound: float) -> bool:
        """Whether a value stays on the right side; what is no number does not."""
        return value >= bound if self.name.startswith("min_") else value <= bound

    def loosened(self, value: float, margin: float, decisions: int) -> float:
        """The bound that says: no worse than this value, plus a margin as a share of its distance.

        Args:
            value: of the baseline.
            margin: a share.
            decisions: how many were compared.
        """
        slack = self.slack(decisions) if self.slack else 0.0
        if self.name.startswith("min_"):
            return max(-1.0, value - margin * (1 - value) - slack)
        return value + margin * abs(value) + slack


@dataclass(frozen=True, eq=False)
class Measure(Generic[P]):
    """A measure of drift, whole: nothing else in the code knows its name.

    What it finds is a `part` of the record: the type of a field of `CheckRecord` that bears its
    key, or a frozen dataclass of floats, which then stands in the record's `measures`.

    Attributes:
        key: of the part, in the record.
        part: its type, where it stands in `measures`.
        compute: the part, from what was compared; None where those answers do not have it.
        terminal: rows of the table in a terminal.
        page: rows of the table in a page, in a comment and in JUnit's properties.
        card: rows of a model card.
        diff: figures that two records are compared by; by default all numbers of the part, named
            "key.field".
        of: which answers have it, as far as that can be said before they are known.
        bound: what users may bound of it.
        stored: finds the part in a record, where it does not stand under its key in all of them.
    """

    key: str
    compute: Callable[[Compared], P | None]
    terminal: Callable[[P], Iterable[Row]]
    page: Callable[[P], Iterable[Row]]
    part: type[P] | None = None
    card: Callable[[P], Iterable[Row]] = nothing
    diff: Callable[[P], Mapping[str, float]] | None = None
    of: str = ANY
    bound: Bound[P] | None = None
    stored: Callable[[CheckRecord], P | None] | None = None

    @property
    def has_own_key(self) -> bool:
        """Whether the part is a field of the record, not in its `measures`."""
        return self.key in _OWN_KEYS

    def found_in(self, record: CheckRecord) -> P | None:
        """What a record holds of it; None where it was not measured.

        Raises:
            InputError: the record's `measures` do not hold what belongs there.
        """
        if self.stored:
            return self.stored(record)
        if self.has_own_key:
            part: P | None = getattr(record, self.key)
            return part
        if self.part is None or self.key not in record.measures:
            return None
        try:
            return from_dict(self.part, record.measures[self.key])
        except ValueError as error:
            raise InputError(
                f"the check record of {record.candidate}: measures.{self.key}: {error}"
            ) from error

    def figures(self, part: P) -> dict[str, float]:
        """What two records are compared by."""
        if self.diff:
            return dict(self.diff(part))
        values = {f.name: getattr(part, f.name) for f in fields(part)}  # type: ignore[arg-type]
        return {
            f"{self.key}.{name}": float(value)
            for name, value in values.items()
            if isinstance(value, int | float)
        }
