"""Two check records, or two quantize records: how much further the answers moved.

`max_drift_increase` is held against the mean distance; all other figures are only shown.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import PurePath

from edgebert.errors import InputError
from edgebert.measures import found_in
from edgebert.measures.distance import DISTANCE
from edgebert.measures.metrics import METRICS
from edgebert.records.checked import CheckRecord
from edgebert.records.compared import Change, Regression
from edgebert.records.made import QuantizeRecord
from edgebert.records.manifest import Drift

Diff = tuple[list[Change], list[Regression], list[str]]


def diff_check(before: CheckRecord, after: CheckRecord, max_increase: float | None) -> Diff:
    """Compare the drift of two candidates on the same texts.

    Raises:
        InputError: another task, or other texts.
    """
    _require_equal("the tasks", before.task, after.task)
    if before.data_sha256 and after.data_sha256:
        _require_equal("the texts", before.data_sha256[:12], after.data_sha256[:12])
    else:  # version 0.1 did not say
        _require_equal(
            "the texts",
            f"{before.n:,} of {PurePath(before.data).name}",
            f"{after.n:,} of {PurePath(after.data).name}",
        )
    changes = _changes(_name(before.candidate, after.candidate), _figures(before), _figures(after))
    notes = [
        f"The {what.replace('_', ' ')} was {one}, is {other}."
        for what in ("reference", "max_length")
        if (one := getattr(before, what)) != (other := getattr(after, what))
    ]
    return changes, _regressions(changes, "distance_mean", max_increase), notes


def diff_quantize(
    before: QuantizeRecord, after: QuantizeRecord, max_increase: float | None
) -> Diff:
    """Compare the drift of two bundles when they were made, and their sizes.

    Raises:
        InputError: the drift was measured on other texts.
    """
    one, other = before.drift, after.drift
    _require_equal("the texts", f"{one.n:,} of {one.texts}", f"{other.n:,} of {other.texts}")
    figures = [
        {**_numbers(q.drift), "size_bytes": float(q.size_bytes), "seconds": q.seconds}
        for q in (before, after)
    ]
    changes = _changes(_name(before.bundle, after.bundle), *figures)
    return changes, _regressions(changes, "mean", max_increase), []


def _require_equal(what: str, before: object, after: object) -> None:
    if before != after:
        raise InputError(f"the two do not compare: {what} differ ({before} before, {after} after)")


def _name(before: str, after: str) -> str:
    one, other = PurePath(before).name, PurePath(after).name
    return one if one == other else f"{one} → {other}"


def _figures(check: CheckRecord) -> dict[str, float]:
    """Every number a check measured, by its name in the record."""
    found: dict[str, float] = {}
    for measure, part in found_in(check, first=(DISTANCE, METRICS)):
        found |= measure.figures(part)
    return found


def _numbers(drift: Drift) -> dict[str, float]:
    values = {f.name: getattr(drift, f.name) for f in fields(drift)}
    return {key: float(v) for key, v in values.items() if isinstance(v, int | float)}


def _changes(subject: str, before: dict[str, float], after: dict[str, float]) -> list[Change]:
    return [
        Change(subject, figure, one, after[figure], after[figure] - one, _ratio(figure, one, after))
        for figure, one in before.items()
        if figure in after
    ]


def _ratio(figure: str, before: float, after: dict[str, float]) -> float | None:
    """Sizes and times are told as factors; how far answers moved is told as a difference."""
    told = figure in ("size_bytes", "seconds") and before > 0
    return after[figure] / before if told else None


def _regressions(changes: list[Change], figure: str, bound: float | None) -> list[Regression]:
    """A distance that is no number does not pass."""
    return [
        Regression(
            "max_drift_increase",
            f"{c.subject}, increase of the mean distance",
            bound,
            c.difference,
            passed=c.difference <= bound,
        )
        for c in changes
        if c.figure == figure and bound is not None
    ]
