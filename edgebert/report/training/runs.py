"""A training run as the page tells it: its curves by name, its score in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from edgebert.measures.formats import MISSING, metric_title, points
from edgebert.records.trained import LOSS, TrainingRecord

Points = tuple[tuple[float, float], ...]
"""Steps (or epochs) and values."""


def metrics_of(run: TrainingRecord) -> list[str]:
    """The dev metrics, that by which the weights were chosen first; the loss is none of them."""
    found = list(dict.fromkeys(name for look in run.evaluations for name in look.scores))
    names = [name for name in found if name != LOSS]
    return sorted(names, key=lambda name: name != run.metric)


def main_metric(run: TrainingRecord) -> str | None:
    """What a run is known by: the name of its metric, or the first where the loss decided."""
    if run.metric in (None, LOSS):
        return next(iter(metrics_of(run)), None)
    return run.metric


def scores_of(run: TrainingRecord, name: str) -> Points:
    """A dev metric by step."""
    return tuple((look.step, look.scores[name]) for look in run.evaluations if name in look.scores)


def main_scores(run: TrainingRecord) -> Points:
    return next((scores_of(run, name) for name in metrics_of(run)), ())


def kept_score(run: TrainingRecord) -> float | None:
    """The main metric of the weights that were kept; None where there is no number."""
    kept = (value for step, value in main_scores(run) if step == run.best_step)
    score = next(kept, None if run.metric == LOSS else run.best_dev)
    return score if score is not None and math.isfinite(score) else None


def score_text(run: TrainingRecord) -> str:
    """The main metric with its name; a dash where dev was not looked at."""
    name, value = main_metric(run), kept_score(run)
    return MISSING if name is None or value is None else f"{metric_title(name)} {points(value)}"


def kept_text(run: TrainingRecord) -> str:
    """Which step's weights were kept, of how many."""
    if not run.steps:
        return MISSING
    return f"{run.best_step or run.steps:,} of {run.steps:,}"


def measured_by(run: TrainingRecord) -> tuple[str | None, ...]:
    """What two runs must have in common for their scores to be compared: metric and dev."""
    return (main_metric(run), *(file.sha256 for file in run.files if file.role == "dev"))


def settings_of(run: TrainingRecord) -> dict[str, Any]:
    """What a run was made from and how; parts of an option by `option.part`."""
    told: dict[str, Any] = {"source": run.source, "examples": run.examples}
    told |= {file.role: PurePath(file.path).name for file in run.files}
    return told | dict(_flat(run.options)) | {"precision": run.precision}


def _flat(options: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in options.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{part}", one) for part, one in value.items())
        else:
            yield name, value
