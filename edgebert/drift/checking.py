"""The drift gate: compare, hold the result against bounds, say yes or no."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from edgebert.data.samples import examples_or_built_in
from edgebert.drift.comparing import Comparison, compare
from edgebert.drift.metrics import require_metric
from edgebert.drift.sources import TextModel, open_source
from edgebert.errors import GateError, InputError
from edgebert.records.checked import CheckRecord
from edgebert.runtimes import Model


@dataclass(frozen=True)
class Thresholds:
    """Bounds of the gate; None asks nothing.

    Attributes:
        min_cosine: smallest cosine that any one embedding may have to its reference.
        max_drift: largest mean distance (1 - cosine; for heads, largest change of a probability).
        max_flips: largest share of changed labels.
        max_metric_drop: points that the task metric may lose.
        min_neighbours: smallest mean share of equal neighbours among the nearest ten.
    """

    min_cosine: float | None = None
    max_drift: float | None = None
    max_flips: float | None = None
    max_metric_drop: float | None = None
    min_neighbours: float | None = None

    def given(self) -> dict[str, float]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def check(
    reference: str | Path,
    candidate: str | Path,
    data: str | Path | None = None,
    *,
    thresholds: Thresholds | None = None,
    text_column: str | None = None,
    offline: bool = False,
) -> CheckRecord:
    """Measure how far `candidate` is from `reference` on the texts of `data`.

    Args:
        reference: a checkpoint or a bundle.
        candidate: a checkpoint or a bundle.
        data: texts, with or without labels (see `edgebert.data`); by default the built-in
            sentences.
        thresholds: bounds; where none is given, those that the candidate's manifest promises.
        text_column: column of the texts, where the file does not use a usual name.
        offline: never touch the network.

    Raises:
        GateError: a bound is broken. `error.record` is the `CheckRecord` that says which.
        InputError: the two do not compare, or the data do not fit.
    """
    examples = examples_or_built_in(Path(data) if data else None, text_column=text_column)
    right = open_source(str(candidate), offline=offline)
    left = open_source(str(reference), max_length=right.max_length, offline=offline)
    bounds = (thresholds.given() if thresholds else {}) or _promises(right)
    if "max_metric_drop" in bounds:
        require_metric(right, examples)
    comparison = compare(left, right, examples)
    failures = broken_bounds(comparison, bounds)
    record = CheckRecord(
        reference=str(reference),
        candidate=str(candidate),
        data=examples.path.name,
        passed=not failures,
        n=len(comparison.texts),
        task=right.task,
        max_length=right.max_length,
        distance_mean=float(comparison.distances.mean()),
        cosine=comparison.cosine,
        batch_invariance=comparison.batch_invariance,
        neighbours=comparison.neighbours,
        labels=comparison.flips,
        entities=comparison.entities,
        metric=comparison.metric,
        worst=comparison.worst,
        thresholds=bounds,
        failures=failures,
    )
    if failures:
        raise GateError("; ".join(failures), record)
    return record


def broken_bounds(comparison: Comparison, bounds: dict[str, float]) -> tuple[str, ...]:
    """One sentence for each bound that the comparison breaks.

    Raises:
        InputError: a bound on something this task or these data do not have.
    """
    return tuple(
        sentence
        for name, bound in bounds.items()
        if (sentence := _broken(name, bound, _measured(comparison, name)))
    )


def _broken(name: str, bound: float, value: float) -> str | None:
    what = name[4:].replace("_", " ")
    if name.startswith("min_"):
        return None if value >= bound else f"{what} {value:.6g} is below {bound:g}"
    return None if value <= bound else f"{what} {value:.6g} is above {bound:g}"


def _measured(comparison: Comparison, name: str) -> float:
    """The value that a bound is about."""
    value: float | None = None
    if name == "max_drift":
        value = float(comparison.distances.mean())
    elif name == "min_cosine" and comparison.cosine:
        value = comparison.cosine.min
    elif name == "max_flips" and comparison.flips:
        value = comparison.flips.rate
    elif name == "max_metric_drop" and comparison.metric:
        value = comparison.metric.drop
    elif name == "min_neighbours" and comparison.neighbours:
        value = comparison.neighbours.overlap_at_10
    if value is None:
        option = "--" + name.replace("_", "-")
        raise InputError(f"{option} cannot be held here: this task, or these data, do not have it")
    return value


def _promises(candidate: TextModel) -> dict[str, float]:
    if not isinstance(candidate, Model) or candidate.manifest.drift is None:
        return {}
    return dict(candidate.manifest.drift.promises)
