"""The tables of drift checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from edgebert.measures import found_in
from edgebert.measures.formats import MISSING, drift, metric_title, percent, points
from edgebert.measures.metrics import MCNEMAR, metrics_of
from edgebert.records.checked import CheckRecord, Metric, Slice
from edgebert.report.blocks import Table
from edgebert.report.formats import clipped, times
from edgebert.report.gates import bound_and_value, set_by
from edgebert.report.names import Names

_LONG = 12  # rows from which on a table of slices is folded


def gates(checks: Sequence[CheckRecord], names: Names) -> tuple[Table, ...]:
    header = ("", "bound on", "bound", "measured", "set by")
    return tuple(
        Table(
            header,
            tuple(
                ("✓" if g.passed else "✗", g.name, *bound_and_value(g), set_by(g))
                for g in check.gates
            ),
            f"Bounds of {names.compared(check)}",
        )
        for check in checks
        if check.gates
    )


def measured(checks: Sequence[CheckRecord], names: Names) -> Table:
    """A column for each check, a row for each thing any of them measured."""
    columns = [dict(_measured(check)) for check in checks]
    titles = dict.fromkeys(title for column in columns for title in column)
    rows = tuple((title, *(c.get(title, MISSING) for c in columns)) for title in titles)
    return Table(("", *(names.compared(check) for check in checks)), rows)


def metrics(checks: Sequence[CheckRecord], names: Names) -> tuple[Table, ...]:
    """What each check says of the task, in points."""
    header = ("metric", "reference", "candidate", "drop", "95 % interval of the drop")
    return tuple(
        Table(header, tuple(map(_metric, metrics_of(check))), f"Metrics of {names.compared(check)}")
        for check in checks
        if metrics_of(check)
    )


def _metric(metric: Metric) -> tuple[str, ...]:
    sides = points(metric.reference), points(metric.candidate)
    return metric_title(metric.name), *sides, points(metric.drop, signed=True), _interval(metric)


def _interval(metric: Metric) -> str:
    return " to ".join(points(b, signed=True) for b in metric.ci95) if metric.ci95 else MISSING


def _measured(check: CheckRecord) -> Iterator[tuple[str, str]]:
    gated = check.gates or check.thresholds or not check.passed
    yield "verdict", "no bounds" if not gated else "✓ passed" if check.passed else "✗ failed"
    yield "texts", f"{check.n:,} of {PurePath(check.data).name}"
    if check.max_length is not None:
        yield "max length", f"{check.max_length} tokens"
    for measure, part in found_in(check, first=(MCNEMAR,)):
        yield from measure.page(part)
    if not check.gates:
        for name, bound in check.thresholds.items():
            yield f"bound: {name.replace('_', ' ')}", f"{bound:g}"


def slices(checks: Sequence[CheckRecord], names: Names) -> tuple[Table, ...]:
    return tuple(_slices(check, names) for check in checks if check.slices)


def _slices(check: CheckRecord, names: Names) -> Table:
    """Columns only for what some slice has."""
    header = ["by", "part", "texts", "mean distance", "against all"]
    rows = [
        [s.by, s.value, f"{s.n:,}", drift(s.distance_mean), _share(s, check)] for s in check.slices
    ]
    if any(s.flip_rate is not None for s in check.slices):
        header.append(f"changed {check.labels.of if check.labels else 'labels'}")
        for row, s in zip(rows, check.slices, strict=True):
            row.append(MISSING if s.flip_rate is None else percent(s.flip_rate))
    if named := next((s.metric.name for s in check.slices if s.metric), None):
        title = metric_title(named)
        header += [title, "drop", "95 % interval"]
        for row, s in zip(rows, check.slices, strict=True):
            row += _slice_metric(s)
    caption = f"Parts of the texts, {names.compared(check)}"
    return Table(tuple(header), tuple(map(tuple, rows)), caption, folded=len(rows) > _LONG)


def _slice_metric(part: Slice) -> tuple[str, ...]:
    return _metric(part.metric)[2:] if part.metric else (MISSING,) * 3


def _share(part: Slice, check: CheckRecord) -> str:
    return times(part.distance_mean / check.distance_mean) if check.distance_mean else MISSING


def weights(checks: Sequence[CheckRecord], names: Names) -> tuple[Table, ...]:
    return tuple(
        Table(
            ("weight", "gain", "left after the gain"),
            tuple((w.name, f"{w.gain:.4f}", percent(w.residual)) for w in check.weights.furthest),
            f"Weights that differ most, of {check.weights.compared:,} compared, "
            f"{names.compared(check)}",
            folded=True,
        )
        for check in checks
        if check.weights and check.weights.furthest
    )


def worst(checks: Sequence[CheckRecord], names: Names) -> tuple[Table, ...]:
    return tuple(
        Table(
            ("distance", "text"),
            tuple((drift(w.distance), clipped(w.text) or "(empty)") for w in check.worst),
            names.compared(check),
        )
        for check in checks
        if check.worst
    )
