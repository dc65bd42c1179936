"""The section of a page that says what a bundle costs, and what its answers are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from edgebert.measures.formats import metric_title, points
from edgebert.records.header import Header
from edgebert.report.blocks import Figure, Section, Table
from edgebert.report.drawing import canvas, label_x, to_svg
from edgebert.report.formats import figures, megabytes
from edgebert.report.names import Names
from edgebert.report.tradeoff.chart import draw_offers, label_models, precisions
from edgebert.report.tradeoff.joined import Offer, Tradeoff, front, tradeoffs

Cost = Callable[[Offer], float]
MB = "MB, logarithmic; less is better"

_FRONT = "✓ unbeaten"


def tradeoff(records: Sequence[Header], names: Names) -> Section | None:
    found = tradeoffs(records)
    if not found:
        return None
    return Section(
        "Accuracy against size and latency",
        "Every bundle whose metric and latency were both measured; a line joins those of one "
        "model. Filled: no other is at least as accurate and faster, or smaller. Hollow: one is.",
        figures=tuple(figure for one in found for figure in _figures(one)),
        tables=tuple(_table(one, names) for one in found),
    )


def said(one: Tradeoff) -> str:
    """What was measured: the metric, the texts and the shape."""
    return f"{metric_title(one.metric)} on {one.n:,} texts of {one.data}; p50 of {one.shape}"


def time_axis(one: Tradeoff) -> str:
    return f"p50 ms of {one.shape}; less is better"


def _figures(one: Tradeoff) -> Iterator[Figure]:
    yield _figure(one, "latency", lambda offer: offer.ms, time_axis(one))
    yield _figure(one, "size", lambda offer: offer.megabytes, MB)


def _figure(one: Tradeoff, what: str, cost: Cost, axis: str) -> Figure:
    title = metric_title(one.metric)
    costs = [cost(offer) for offer in one.offers]
    with canvas(240) as (drawing, (axes,)):
        draw_offers(axes, one.offers, costs)
        label_x(axes, axis)
        drawing.draw_without_rendering()
        label_models(axes, one.offers, costs)
        svg = to_svg(drawing)
    return Figure(
        f"{title} on {one.data} against {what}",
        svg,
        f"Scatter chart of {len(one.offers)} bundles by {title} and {what}",
        tuple((name, number) for number, name in enumerate(precisions(one.offers))),
    )


def _table(one: Tradeoff, names: Names) -> Table:
    fastest = front(one.offers, [offer.ms for offer in one.offers])
    smallest = front(one.offers, [offer.megabytes for offer in one.offers])
    rows = tuple(
        (
            names[offer.path],
            offer.precision,
            points(offer.points),
            f"{figures(offer.ms)} ms",
            _FRONT if fast else "",
            megabytes(offer.size_bytes),
            _FRONT if small else "",
        )
        for offer, fast, small in zip(one.offers, fastest, smallest, strict=True)
    )
    header = (
        "bundle",
        "precision",
        metric_title(one.metric),
        "p50",
        "in latency",
        "size",
        "in size",
    )
    return Table(header, rows, said(one))
