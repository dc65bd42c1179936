"""Bounds of the drift gate: where they come from, and whether a comparison keeps them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.drift.comparing import Comparison
from edgebert.drift.weights import WeightComparison
from edgebert.errors import InputError
from edgebert.measures import BOUNDED, BOUNDS, Thresholds, found_in
from edgebert.measures.measure import LABELS, VECTORS
from edgebert.records.checked import Cause, CheckRecord, Gate
from edgebert.records.codec import read_json
from edgebert.references.saved import SavedOutputs
from edgebert.references.sources import Source
from edgebert.runtimes import Model
from edgebert.tasks import task_of

MARGIN = 0.1
"""How much worse than a baseline, as a share of its own distance, still counts as no worse."""


@dataclass(frozen=True)
class Limit:
    """What a bound was set to, and by whom."""

    name: str
    value: float
    source: str


def read_baseline(path: Path) -> CheckRecord:
    """Read the record of an earlier check.

    Raises:
        InputError: the file is no such record.
    """
    record = read_json(CheckRecord, path, "check record (write one with 'check --json')")
    if (record.record, record.format) != ("check", 1):
        raise InputError(
            f"{path} is a {record.record} record of format {record.format}; "
            "a baseline is a check record of format 1"
        )
    return record


def baseline_bounds(
    baseline: CheckRecord, comparison: Comparison, source: str, margin: float = MARGIN
) -> list[Limit]:
    """Bounds that say: no worse than the baseline, plus a margin.

    Args:
        baseline: the earlier check.
        comparison: the present one.
        source: the baseline's file.
        margin: share of the baseline's distance that may come on top. A decision (a label, a
            neighbour) more and a tenth of a point are always allowed, because both are counted.

    Raises:
        InputError: the baseline was measured on other texts or for another task, or the margin is
            negative.
    """
    if not (math.isfinite(margin) and margin >= 0):
        raise InputError(f"margin {margin:g} makes no sense: 0 or more")
    if baseline.task != comparison.task or baseline.data_sha256 != comparison.data_sha256:
        raise InputError(
            f"{source} was measured on other texts ({baseline.n} of {baseline.data}): "
            "make a new baseline with 'check --json'"
        )
    parts = {measure.key: part for measure, part in found_in(baseline)}
    return [
        Limit(name, bound.loosened(value, margin, comparison.decisions), source)
        for name, bound in BOUNDS.items()
        if bound.slack
        and (value := _figure(name, parts)) is not None
        and _figure(name, comparison.parts) is not None
    ]


def require_measurable(thresholds: Thresholds, task: str) -> None:
    """Refuse a bound that no comparison of this task measures, before the work is done.

    Raises:
        InputError: a bound on vectors for a head, or on labels for embeddings.
    """
    foreign = LABELS if task_of(task).vectors else VECTORS
    for name in thresholds.given():
        if BOUNDED[name].of == foreign:
            raise InputError(f"{BOUNDS[name].option} cannot be held here: the task is {task}")


def hold(limits: Sequence[Limit], comparison: Comparison) -> tuple[Gate, ...]:
    """Measure each bound.

    Raises:
        InputError: a bound on something this task or these data do not have.
    """
    return tuple(_gate(limit, comparison) for limit in limits)


def broken_bounds(
    comparison: Comparison, thresholds: Thresholds, source: str = "asked"
) -> tuple[str, ...]:
    """One sentence for each threshold that the comparison breaks, with who set it."""
    limits = [Limit(name, value, source) for name, value in thresholds.given().items()]
    return tuple(sentence(gate) for gate in hold(limits, comparison) if not gate.passed)


def implied_bounds(
    reference: Source, candidate: Source, comparison: Comparison, weights: WeightComparison | None
) -> list[Limit]:
    """The bounds where nobody asked for any: what a manifest promises, or what the task holds.

    A bundle promises something else where kernels run it.

    Saved outputs have no manifest; they are held to that of the bundle they are compared with.
    Two models whose weights have nothing in common are not held to anything.
    """
    sides = (candidate, reference) if isinstance(candidate, SavedOutputs) else (candidate,)
    drifts = [side.measured_drift for side in sides if isinstance(side, Model)]
    promises = next((drift.promises for drift in drifts if drift), None)
    if promises is None and weights and not weights.related:
        return []
    source = "default" if promises is None else "manifest"
    return [
        Limit(name, value, source)
        for name, value in (promises or task_of(comparison.task).default_bounds).items()
        if _figure(name, comparison.parts) is not None
    ]


def same_model(causes: Sequence[Cause], examined: Sequence[str]) -> tuple[Gate, ...]:
    """A gate for each examined thing in which the candidate should be the reference's model."""
    found = {cause.name for cause in causes}
    return tuple(
        Gate(f"same {name}", 0.0, float(name in found), name not in found, "same model")
        for name in dict.fromkeys((*examined, *found))
    )


def sentence(gate: Gate, causes: Sequence[Cause] = ()) -> str:
    """Why a gate failed."""
    for cause in causes:
        if gate.name == f"same {cause.name}":
            return f"{cause.name}: {cause.detail}"
    what = gate.name[4:].replace("_", " ")
    side = "below" if gate.name.startswith("min_") else "above"
    return f"{what} {gate.value:.6g} is {side} {gate.bound:.6g} ({gate.source})"


def _gate(limit: Limit, comparison: Comparison) -> Gate:
    bound, value = BOUNDS[limit.name], _figure(limit.name, comparison.parts)
    if value is None:
        raise InputError(
            f"{bound.option} cannot be held here: this task, or these data, do not have it"
        )
    kept = bound.keeps(value, limit.value)
    return Gate(limit.name, limit.value, float(value), kept, limit.source)


def _figure(name: str, parts: Mapping[str, Any]) -> float | None:
    """What a bound holds, of what measures found."""
    part = parts.get(BOUNDED[name].key)
    return None if part is None else BOUNDS[name].value(part)
