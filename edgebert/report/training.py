"""How checkpoints were trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgebert.measures.formats import metric_title
from edgebert.records.header import Header
from edgebert.records.trained import TrainingRecord
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, curves
from edgebert.report.formats import duration
from edgebert.report.names import Names
from edgebert.report.read import of_kind


def training(records: Sequence[Header], names: Names) -> Section | None:
    runs = of_kind(records, TrainingRecord)
    if not runs:
        return None
    header = ("checkpoint", "step", "task", "layers", "hidden", "parameters", "examples", "epochs")
    rows = [
        (
            names[run.checkpoint],
            run.kind,
            run.task,
            *map(str, (run.layers, run.hidden)),
            *(f"{number:,}" for number in (run.parameters, run.examples, len(run.epochs))),
            f"{metric_title(run.metric)} {run.best_dev:.2f}"
            if run.metric and run.best_dev is not None
            else "–",
            duration(run.seconds),
        )
        for run in runs
    ]
    table = Table((*header, "best on dev", "time"), tuple(rows))
    figures = tuple(figure for run in runs for figure in _learning(run, names))
    return Section("Training", figures=figures, tables=(table,))


def _learning(run: TrainingRecord, names: Names) -> Iterator[Figure]:
    """Loss, and below it the dev metric where there is one; one epoch alone makes no curve."""
    if len(run.epochs) < 2:
        return
    colour = names.colour(run.checkpoint)
    panels = [("loss", Series(colour, tuple(epoch.loss for epoch in run.epochs)))]
    if any(epoch.dev is not None for epoch in run.epochs):
        panels.append(("dev", Series(colour, tuple(epoch.dev for epoch in run.epochs))))
    below = f", dev {metric_title(run.metric)}" if run.metric and len(panels) > 1 else ""
    title = f"{names[run.checkpoint]}: training loss{below}"
    svg = curves([epoch.epoch for epoch in run.epochs], panels, "epoch")
    yield Figure(title, svg, f"Line chart by epoch of {title}")
