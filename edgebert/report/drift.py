"""How far two sides disagree, what they were held to, and the texts that moved most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import PurePath

from edgebert.records.checked import CheckRecord
from edgebert.records.header import Header
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.charts import Series, bars, dots
from edgebert.report.formats import clipped, cosine, metric_title, percent
from edgebert.report.formats import drift as distance
from edgebert.report.names import Names
from edgebert.report.read import of_kind
from edgebert.report.verdict import compared


def drift(records: Sequence[Header], names: Names) -> Section | None:
    checks = of_kind(records, CheckRecord)
    if not checks:
        return None
    return Section(
        "Drift",
        "The distance of a text is 1 - cosine for embeddings and the largest change of a "
        "probability for heads. Metrics are in points from 0 to 100.",
        warnings=tuple(
            f"{compared(check, names)}: {failure}" for check in checks for failure in check.failures
        ),
        figures=(*_distances(checks, names), *_metrics(checks, names)),
        tables=(_table(checks, names),),
    )


def worst_texts(records: Sequence[Header], names: Names) -> Section | None:
    tables = tuple(
        Table(
            ("distance", "text"),
            tuple(
                (distance(worst.distance), clipped(worst.text) or "(empty)") for worst in c.worst
            ),
            compared(c, names),
        )
        for c in of_kind(records, CheckRecord)
        if c.worst
    )
    return Section("Worst texts", "The texts that moved most.", tables=tables) if tables else None


def _table(checks: list[CheckRecord], names: Names) -> Table:
    """A column for each check, a row for each thing any of them measured or was held to."""
    header = ("", *(compared(check, names) for check in checks))
    measured, bounds = map(_measured, checks), map(_bounds, checks)
    return Table(header, (*_rows(list(measured)), *_rows(list(bounds))))


def _rows(columns: list[dict[str, str]]) -> Iterator[tuple[str, ...]]:
    for title in dict.fromkeys(title for column in columns for title in column):
        yield title, *(column.get(title, "–") for column in columns)


def _measured(check: CheckRecord) -> dict[str, str]:
    rows = {
        "verdict": "✓ passed" if check.passed else "✗ failed",
        "texts": f"{check.n:,} of {PurePath(check.data).name}",
        "max length": f"{check.max_length} tokens",
    }
    if metric := check.metric:
        name = metric_title(metric.name)
        rows[f"{name}, reference"] = f"{metric.reference:.2f}"
        rows[f"{name}, candidate"] = f"{metric.candidate:.2f}"
        rows[f"{name}, drop"] = f"{metric.drop:+.2f}{_interval(metric.ci95)}"
    if moved := check.cosine:
        rows["cosine, mean"] = cosine(moved.mean)
        rows["cosine, lowest 1 %"] = cosine(moved.p01)
        rows["cosine, lowest"] = cosine(moved.min)
    rows["mean distance"] = distance(check.distance_mean)
    if flips := check.labels:
        rows["changed labels"] = f"{flips.flips:,} of {flips.n:,} ({percent(flips.rate)})"
        low, high = flips.ci95
        rows["changed labels, 95 % interval"] = f"{percent(low)} to {percent(high)}"
    if entities := check.entities:
        rows |= {f"entities {how}": f"{count:,}" for how, count in asdict(entities).items()}
    if check.neighbours:
        rows["neighbours kept, of 10"] = percent(check.neighbours.overlap_at_10)
    alone = check.batch_invariance
    if alone:
        rows["alone or in a batch, lowest cosine"] = cosine(alone.min_cosine)
        rows["alone or in a batch, largest difference"] = distance(alone.max_abs)
    return rows


def _bounds(check: CheckRecord) -> dict[str, str]:
    return {f"bound: {k.replace('_', ' ')}": f"{v:g}" for k, v in check.thresholds.items()}


def _distances(checks: list[CheckRecord], names: Names) -> Iterator[Figure]:
    """One logarithmic chart for all checks that moved at all."""
    moved = [(colour, check) for colour, check in enumerate(checks) if check.distance_mean > 0]
    if moved:
        yield Figure(
            "Distance between the two sides",
            dots(
                ["mean", "worst 1 %", "worst"],
                [Series(colour, _moved(check)) for colour, check in moved],
                "distance, logarithmic; less is better",
            ),
            "Dot chart of mean and worst distance, a colour for each check",
            tuple((compared(check, names), colour) for colour, check in moved),
        )


def _moved(check: CheckRecord) -> tuple[float | None, ...]:
    if check.cosine:
        return check.distance_mean, 1 - check.cosine.p01, 1 - check.cosine.min
    worst = max((worst.distance for worst in check.worst), default=None)
    return check.distance_mean, None, worst


def _metrics(checks: list[CheckRecord], names: Names) -> Iterator[Figure]:
    for check in checks:
        if not (metric := check.metric):
            continue
        sides = [(check.reference, metric.reference), (check.candidate, metric.candidate)]
        series = [Series(names.colour(path), (value,), (f"{value:.2f}",)) for path, value in sides]
        yield Figure(
            f"{metric_title(metric.name)} on {PurePath(check.data).name}",
            bars([""], series, "points, more is better"),
            f"Bar chart of {metric.name} on both sides",
            tuple((names[path], names.colour(path)) for path, _ in sides),
        )


def _interval(bounds: tuple[float, float] | None) -> str:
    return f" ({bounds[0]:+.2f} to {bounds[1]:+.2f})" if bounds else ""
