"""What changed from one record to another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from edgebert.measures.formats import MISSING, drift, metric_title
from edgebert.records.compared import Change, DiffRecord, Regression
from edgebert.records.header import Header
from edgebert.report.blocks import Section, Table
from edgebert.report.formats import figures
from edgebert.report.names import Names
from edgebert.report.read import of_kind

_LONG = 30  # rows from which on the table of figures is folded


def changes(records: Sequence[Header], names: Names) -> Section | None:
    diffs = of_kind(records, DiffRecord)
    if not diffs:
        return None
    return Section(
        "Before and after",
        "The bounds look at the rows of the first table; all other figures are only shown.",
        warnings=tuple(note for diff in diffs for note in diff.notes),
        tables=tuple(table for diff in diffs for table in tables(diff, names)),
    )


def tables(diff: DiffRecord, names: Names) -> tuple[Table, ...]:
    """The bounds where there are any, then every figure."""
    sides = f"{names[diff.before]} → {names[diff.after]}"
    held = Table(
        ("", "bound on", "of", "bound", "measured"),
        tuple(map(_regression, diff.regressions)),
        f"Bounds on {sides}",
    )
    shown = Table(
        ("what", "figure", "before", "after", "change"),
        tuple(map(change_cells, diff.changes)),
        f"{metric_title(diff.kind)} {sides}",
        folded=len(diff.changes) > _LONG,
    )
    return (held, shown) if diff.regressions else (shown,)


def _regression(held: Regression) -> tuple[str, ...]:
    mark = "✓" if held.passed else "✗"
    return mark, held.name, held.subject, f"{held.bound:.4g}", f"{held.value:.4g}"


def change_cells(change: Change) -> tuple[str, ...]:
    """Subject, figure, before, after, and how it changed: a factor or a difference."""
    if change.ratio is not None:
        sides, by = map(figures, (change.before, change.after)), f"{change.ratio:.3f}×"
    else:
        sides, by = map(_number, (change.before, change.after)), _signed(change.difference)
    return change.subject, change.figure, *sides, by


def _number(value: float) -> str:
    return MISSING if math.isnan(value) else f"{value:.5g}"


def _signed(difference: float) -> str:
    shown = drift(abs(difference))
    return shown if shown in ("0", MISSING) else f"{'-' if difference < 0 else '+'}{shown}"
