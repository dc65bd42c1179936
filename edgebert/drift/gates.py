"""Bounds of the drift gate: where they come from, and whether a comparison keeps them."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from edgebert.drift.comparing import Comparison
from edgebert.drift.saved import SavedOutputs
from edgebert.drift.sources import Source
from edgebert.drift.weights import WeightComparison
from edgebert.errors import InputError
from edgebert.records.checked import Cause, CheckRecord, Gate
from edgebert.records.codec import read_json
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.runtimes import Model

DEFAULTS = {
    EMBEDDINGS: {"max_drift": 0.03},
    TEXT_CLASSIFICATION: {"max_drift": 0.25, "max_flips": 0.25},
    TOKEN_CLASSIFICATION: {"max_drift": 0.25, "max_flips": 0.25},
    FILL_MASK: {"max_drift": 0.25, "max_flips": 0.25},
    QUESTION_ANSWERING: {"max_drift": 0.25, "max_flips": 0.25},
}
"""Held where nobody asked and no manifest promises: further than int8 goes at its worst."""

MARGIN = 0.1
"""How much worse than a baseline, as a share of its own distance, still counts as no worse."""

_TABLE = "[tool.edgebert.check]"
_RANGES = {
    "min_cosine": (-1.0, 1.0),
    "max_drift": (0.0, 2.0),
    "max_flips": (0.0, 1.0),
    "max_metric_drop": (-200.0, 200.0),
    "min_neighbours": (0.0, 1.0),
}
MEASURES: dict[str, Callable[[Any], float | None]] = {
    "min_cosine": lambda c: c.cosine and c.cosine.min,
    "max_drift": lambda c: c.distance_mean,
    "max_flips": lambda c: c.labels and c.labels.rate,
    "max_metric_drop": lambda c: c.metric and c.metric.drop,
    "min_neighbours": lambda c: c.neighbours and c.neighbours.overlap_at_10,
}
"""What each bound is about, in a comparison as in the record of one."""


@dataclass(frozen=True)
class Thresholds:
    """Bounds of the gate; None asks nothing.

    Attributes:
        min_cosine: smallest cosine that any one embedding may have to its reference.
        max_drift: largest mean distance (1 - cosine; for heads, largest change of a probability).
        max_flips: largest share of changed labels.
        max_metric_drop: points that the task metric may lose.
        min_neighbours: smallest mean share of equal neighbours among the nearest ten.

    Raises:
        InputError: on construction, a bound that no value could keep or break.
    """

    min_cosine: float | None = None
    max_drift: float | None = None
    max_flips: float | None = None
    max_metric_drop: float | None = None
    min_neighbours: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            low, high = _RANGES[name]
            if not low <= value <= high:
                raise InputError(f"{_option(name)} {value:g} makes no sense: {low:g} to {high:g}")

    def given(self) -> dict[str, float]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Bound:
    """One bound, and who set it."""

    name: str
    value: float
    source: str


@dataclass(frozen=True)
class GateFile:
    """What a `[tool.edgebert.check]` table asks for."""

    thresholds: Thresholds
    baseline: Path | None = None
    margin: float | None = None


def read_gate_file(path: Path) -> GateFile:
    """Read `[tool.edgebert.check]` of a TOML file; keys are the bounds, `baseline` and `margin`.

    Raises:
        InputError: the file cannot be read, has no such table, or a key or value makes no sense.
    """
    table = _table(path)
    if table is None:
        raise InputError(f"{path} has no {_TABLE}")
    bounds = {field.name for field in fields(Thresholds)}
    values = {key.replace("-", "_"): value for key, value in table.items()}
    unknown = sorted(set(values) - bounds - {"baseline", "margin"})
    if unknown:
        known = ", ".join(sorted(bounds | {"baseline", "margin"}))
        raise InputError(f"{path}, {_TABLE}: unknown key {unknown[0]!r}; known are {known}")
    for key, value in values.items():
        wanted: Any = str if key == "baseline" else (int, float)
        if not isinstance(value, wanted) or isinstance(value, bool):
            what = "a file name" if key == "baseline" else "a number"
            raise InputError(f"{path}, {_TABLE}: {key} should be {what}, not {value!r}")
    baseline = values.pop("baseline", None)
    margin = values.pop("margin", None)
    return GateFile(
        thresholds=Thresholds(**values),
        baseline=path.parent / baseline if baseline else None,
        margin=margin,
    )


def has_gate_table(path: Path) -> bool:
    """Whether a TOML file asks for bounds; one that is absent does not."""
    return path.is_file() and _table(path) is not None


def _table(path: Path) -> dict[str, Any] | None:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise InputError(f"{path} is not TOML: its lists lie too deep in each other") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from error
    tool = read.get("tool", {})
    table = tool.get("edgebert", {}).get("check") if isinstance(tool, dict) else None
    return table if isinstance(table, dict) else None


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
) -> list[Bound]:
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
    values = {name: measure(baseline) for name, measure in MEASURES.items()}
    return [
        Bound(name, _loosened(name, value, margin, comparison.decisions), source)
        for name, value in values.items()
        if value is not None and MEASURES[name](comparison) is not None
    ]


def _loosened(name: str, value: float, margin: float, decisions: int) -> float:
    if name.startswith("min_"):
        return max(-1.0, value - margin * (1 - value) - 1e-6)
    floor = {"max_drift": 1e-6, "max_flips": 1 / max(decisions, 1), "max_metric_drop": 0.1}[name]
    return value + margin * abs(value) + floor


def require_measurable(thresholds: Thresholds, task: str) -> None:
    """Refuse a bound that no comparison of this task measures, before the work is done.

    Raises:
        InputError: a bound on vectors for a head, or on labels for embeddings.
    """
    foreign = ("max_flips",) if task == EMBEDDINGS else ("min_cosine", "min_neighbours")
    for name in foreign:
        if name in thresholds.given():
            raise InputError(f"{_option(name)} cannot be held here: the task is {task}")


def hold(bounds: Sequence[Bound], comparison: Comparison) -> tuple[Gate, ...]:
    """Measure each bound.

    Raises:
        InputError: a bound on something this task or these data do not have.
    """
    return tuple(_gate(bound, comparison) for bound in bounds)


def broken_bounds(
    comparison: Comparison, thresholds: Thresholds, source: str = "asked"
) -> tuple[str, ...]:
    """One sentence for each threshold that the comparison breaks, with who set it."""
    bounds = [Bound(name, value, source) for name, value in thresholds.given().items()]
    return tuple(sentence(gate) for gate in hold(bounds, comparison) if not gate.passed)


def implied_bounds(
    reference: Source, candidate: Source, comparison: Comparison, weights: WeightComparison | None
) -> list[Bound]:
    """The bounds where nobody asked for any: what a manifest promises, or `DEFAULTS`.

    Saved outputs have no manifest; they are held to that of the bundle they are compared with.
    Two models whose weights have nothing in common are not held to anything.
    """
    sides = (candidate, reference) if isinstance(candidate, SavedOutputs) else (candidate,)
    drifts = [side.manifest.drift for side in sides if isinstance(side, Model)]
    promises = next((drift.promises for drift in drifts if drift), None)
    if promises is None and weights and not weights.related:
        return []
    source = "default" if promises is None else "manifest"
    return [
        Bound(name, value, source)
        for name, value in (promises or DEFAULTS[comparison.task]).items()
        if MEASURES[name](comparison) is not None
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


def _gate(bound: Bound, comparison: Comparison) -> Gate:
    value = MEASURES[bound.name](comparison)
    if value is None:
        raise InputError(
            f"{_option(bound.name)} cannot be held here: this task, or these data, do not have it"
        )
    kept = value >= bound.value if bound.name.startswith("min_") else value <= bound.value
    return Gate(bound.name, bound.value, float(value), kept, bound.source)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
