"""How far two sides disagree, what they were held to, and the texts that moved most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePath

from edgebert.measures.formats import drift as distance
from edgebert.measures.formats import metric_title, percent, points
from edgebert.measures.metrics import metrics_of
from edgebert.records.checked import CheckRecord, Histogram
from edgebert.records.header import Header
from edgebert.report import checks as tables
from edgebert.report.blocks import Figure, Section
from edgebert.report.charts import Series, bars, dots, histogram
from edgebert.report.names import Names
from edgebert.report.read import of_kind

_NOTE = (
    "The distance of a text is 1 - cosine for embeddings, the largest change of a probability for "
    "heads, and the share of next tokens that differ for translators. Metrics are in points from 0 "
    "to 100."
)


def drift(records: Sequence[Header], names: Names) -> Section | None:
    checks = of_kind(records, CheckRecord)
    if not checks:
        return None
    return Section(
        "Drift",
        _NOTE,
        warnings=tuple(warning for check in checks for warning in check.warnings),
        figures=(*_moved(checks, names), *_histograms(checks, names), *_metrics(checks, names)),
        tables=(
            *tables.gates(checks, names),
            *tables.metrics(checks, names),
            tables.measured(checks, names),
            *tables.weights(checks, names),
        ),
    )


def slices(records: Sequence[Header], names: Names) -> Section | None:
    shown = tables.slices(of_kind(records, CheckRecord), names)
    note = "The same figures for parts of the texts; 'against all' compares with all of them."
    return Section("Slices", note, tables=shown) if shown else None


def worst_texts(records: Sequence[Header], names: Names) -> Section | None:
    shown = tables.worst(of_kind(records, CheckRecord), names)
    return Section("Worst texts", "The texts that moved most.", tables=shown) if shown else None


def _moved(checks: list[CheckRecord], names: Names) -> Iterator[Figure]:
    """One logarithmic chart for all checks that moved; the histogram of a lone check says more."""
    moved = [(colour, check) for colour, check in enumerate(checks) if check.distance_mean > 0]
    if moved and not (len(checks) == 1 and drawable(checks[0].histogram)):
        yield Figure(
            "Distance between the two sides",
            dots(
                ["mean", "worst 1 %", "worst"],
                [Series(colour, _distances(check)) for colour, check in moved],
                "distance, logarithmic; less is better",
            ),
            "Dot chart of mean and worst distance, a colour for each check",
            tuple((names.compared(check), colour) for colour, check in moved),
        )


def _distances(check: CheckRecord) -> tuple[float | None, ...]:
    if check.cosine:
        return check.distance_mean, 1 - check.cosine.p01, 1 - check.cosine.min
    worst = max((worst.distance for worst in check.worst), default=None)
    return check.distance_mean, None, worst


def _histograms(checks: list[CheckRecord], names: Names) -> Iterator[Figure]:
    """A chart for each check, all over the same distances."""
    drawn = [(c, check, h) for c, check in enumerate(checks) if (h := drawable(check.histogram))]
    bounds = [bound for _, _, h in drawn for bound in occupied(h)]
    for colour, check, shown in drawn:
        shares = tuple(100 * count / sum(shown.counts) for count in shown.counts)
        yield Figure(
            "Texts by distance",
            histogram(shown.edges, Series(colour, shares), (min(bounds), max(bounds))),
            in_words(shown),
            ((names.compared(check), colour),),
        )


def drawable(shown: Histogram | None) -> Histogram | None:
    """A histogram that holds texts, with rising edges on both sides of every count."""
    if shown is None or len(shown.edges) != len(shown.counts) + 1 or sum(shown.counts) <= 0:
        return None
    return shown if all(low < high for low, high in pairwise(shown.edges)) else None


def occupied(shown: Histogram) -> tuple[float, float]:
    """From where to where there are texts, leaving out the bin that begins at no distance."""
    bins = [i for i, count in enumerate(shown.counts) if count and shown.edges[i] > 0]
    first, last = (bins[0], bins[-1]) if bins else (min(1, len(shown.counts) - 1),) * 2
    return shown.edges[first] or shown.edges[first + 1], shown.edges[last + 1]


def in_words(shown: Histogram) -> str:
    """What a histogram shows, for who cannot see it."""
    most = max(range(len(shown.counts)), key=lambda i: shown.counts[i])
    low, high = distance(shown.edges[most]), distance(shown.edges[most + 1])
    share = percent(shown.counts[most] / sum(shown.counts))
    return f"Histogram of {sum(shown.counts):,} texts; most, {share}, moved by {low} to {high}"


def _metrics(checks: list[CheckRecord], names: Names) -> Iterator[Figure]:
    for check in checks:
        if not (found := metrics_of(check)):
            continue
        sides = {
            check.reference: tuple(metric.reference for metric in found),
            check.candidate: tuple(metric.candidate for metric in found),
        }
        series = [Series(names.colour(p), v, tuple(map(points, v))) for p, v in sides.items()]
        titles = [metric_title(metric.name) for metric in found]
        yield Figure(
            f"{', '.join(titles)} on {PurePath(check.data).name}",
            bars(titles if len(titles) > 1 else [""], series, "points, more is better"),
            f"Bar chart of {', '.join(titles)} on both sides",
            tuple((names[path], names.colour(path)) for path in sides),
        )
