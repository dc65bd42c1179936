"""The sections of a page that tell of training."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.records.header import Header
from edgebert.records.trained import TrainingRecord
from edgebert.report.blocks import Section
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.training import tables
from edgebert.report.training.confused import confusion
from edgebert.report.training.learning import learning, overlaid


def training(records: Sequence[Header], names: Names) -> Section | None:
    runs = of_kind(records, TrainingRecord)
    if not runs:
        return None
    figures = (*overlaid(runs, names), *(figure for run in runs for figure in learning(run, names)))
    shown = (tables.runs(runs, names), *tables.differences(runs, names))
    return Section("Training", figures=figures, tables=shown)


def mistakes(records: Sequence[Header], names: Names) -> Section | None:
    runs = of_kind(records, TrainingRecord)
    shown = tuple(tables.mistakes(runs, names))
    if not shown:
        return None
    figures = tuple(figure for run in runs if (figure := confusion(run, names)))
    return Section("Mistakes on dev", figures=figures, tables=shown)
