"""The kinds of chart."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, PercentFormatter

from edgebert.report.drawing import INK, canvas, colour, drawable, label_x, power, to_svg


@dataclass(frozen=True)
class Series:
    """One colour of a chart: a value for each group; `upper` draws a whisker to a second value."""

    colour: int
    values: tuple[float | None, ...]
    labels: tuple[str, ...] = ()
    upper: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Point:
    """A dot at (x, y). A `ringed` one is what the chart is about."""

    x: float
    y: float
    label: str = ""
    ringed: bool = False


def bars(groups: Sequence[str], series: Sequence[Series], axis: str) -> Markup:
    """Horizontal bars from zero: a group of rows for each of `groups`, a row for each series."""
    with canvas(42 + len(groups) * (13 * len(series) + 9)) as (drawing, (axes,)):
        step = 0.8 / len(series)
        for row, one in enumerate(series):
            at = [group - 0.4 + step * (row + 0.5) for group in range(len(groups))]
            _draw_bars(axes, at, step * 0.86, one)
        axes.set_yticks(range(len(groups)), map(drawable, groups))
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.set_xlim(0, 1.2 * _longest(series))
        axes.spines["left"].set_visible(False)
        label_x(axes, axis)
        return to_svg(drawing)


def ranked(rows: Sequence[tuple[str, Series]], axis: str) -> Markup:
    """Horizontal bars from zero: a row and a colour for each series, which has one value."""
    with canvas(42 + 17 * len(rows)) as (drawing, (axes,)):
        for at, (_, one) in enumerate(rows):
            _draw_bars(axes, [at], 0.7, one)
        axes.set_yticks(range(len(rows)), [drawable(name) for name, _ in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 1.3 * _longest([one for _, one in rows]))
        axes.locator_params(axis="x", nbins=4)
        axes.spines["left"].set_visible(False)
        label_x(axes, axis)
        return to_svg(drawing)


def dots(groups: Sequence[str], series: Sequence[Series], axis: str) -> Markup:
    """Dots on a logarithmic axis: a row for each of `groups`, a dot for each series."""
    with canvas(54 + 26 * len(groups)) as (drawing, (axes,)):
        for one in series:
            shown = [(v, row) for row, v in enumerate(one.values) if _known(v) and v > 0]
            xs, ys = [v for v, _ in shown], [row for _, row in shown]
            axes.plot(xs, ys, "o", color=colour(one.colour), markersize=8, alpha=0.9)
        _log_x(axes)
        axes.set_yticks(range(len(groups)), groups)
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.margins(x=0.15)
        label_x(axes, axis)
        return to_svg(drawing)


def histogram(edges: Sequence[float], one: Series, shown: tuple[float, float]) -> Markup:
    """Shares of texts by distance on a logarithmic axis, over the distances `shown`.

    Args:
        edges: bounds of the bins, rising; the first may be 0.
        one: a share in percent for each bin.
        shown: least and largest edge drawn. A bin from 0 stands apart, left of them.
    """
    low, high = math.log10(shown[0]), math.log10(max(shown[1], 3 * shown[0]))
    width = (high - low) / 20
    with canvas(150) as (drawing, (axes,)):
        ticks = {at: power(10**at) for at in decades(low, high)}
        for left, right, value in zip(edges[:-1], edges[1:], one.values, strict=True):
            if left <= 0:
                start, end = low - 2.5 * width, low - 1.5 * width
                ticks = {start + width / 2: f"<{power(right)}"} | ticks
            else:
                start, end = math.log10(left), math.log10(right)
            if value:
                thickness = 0.94 * (end - start)
                axes.bar(start, value, thickness, align="edge", color=colour(one.colour))
        axes.set_xticks(list(ticks), list(ticks.values()))
        axes.set_xlim(low - 3 * width, high)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(PercentFormatter(decimals=0, symbol=" %"))
        axes.grid(axis="y", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_xlabel("distance, logarithmic")
        return to_svg(drawing)


def decades(low: float, high: float) -> list[float]:
    """Where to put ticks from `low` to `high`, both powers of ten: far enough from each other."""
    steps = (1, 2, 5) if high - low < 1.5 else (1,)
    powers = range(math.floor(low), math.ceil(high) + 1)
    ticks = [power + math.log10(step) for power in powers for step in steps]
    inside = [tick for tick in ticks if low + 0.07 * (high - low) <= tick <= high + 1e-9]
    return inside[:: 1 + len(inside) // 6]


def scatter(points: Sequence[Point], front: Sequence[Point], x_axis: str, y_axis: str) -> Markup:
    """Points over a logarithmic x axis, and a line through those of `front`."""
    with canvas(220) as (drawing, (axes,)):
        axes.plot([p.x for p in front], [p.y for p in front], "-", color=colour(0), linewidth=1)
        axes.plot([p.x for p in points], [p.y for p in points], "o", color=colour(0), markersize=5)
        for point in points:
            if point.ringed:
                axes.plot([point.x], [point.y], "o", color=colour(1), markersize=8)
                axes.plot(
                    [point.x], [point.y], "o", color=colour(1), markersize=14, fillstyle="none"
                )
            label, at = drawable(point.label), (point.x, point.y)
            axes.annotate(label, at, (6, 7), textcoords="offset points", size=9)
        _log_x(axes)
        axes.margins(x=0.2, y=0.2)
        axes.set_ylabel(y_axis)
        axes.grid(axis="y", linewidth=0.6)
        label_x(axes, x_axis)
        return to_svg(drawing)


def _log_x(axes: Axes) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(numticks=6))
    axes.xaxis.set_major_formatter(lambda value, _: power(value))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _draw_bars(axes: Axes, at: list[float], thickness: float, one: Series) -> None:
    uppers = one.upper or (None,) * len(at)
    labels = one.labels or ("",) * len(at)
    axes.barh(at, [v if _known(v) else 0 for v in one.values], thickness, color=colour(one.colour))
    for y, value, upper, label in zip(at, one.values, uppers, labels, strict=True):
        if not _known(value):
            continue
        if _known(upper):
            axes.plot([value, upper], [y, y], color=INK, linewidth=1)
            axes.plot([upper], [y], "|", color=INK, markersize=5)
        ends = max(value, upper or 0)
        axes.annotate(label, (ends, y), (4, 0), textcoords="offset points", va="center", size=9)


def _longest(series: Iterable[Series]) -> float:
    ends = [v for one in series for v in (*one.values, *one.upper) if _known(v)]
    return max(ends, default=0.0) or 1.0


def _known(value: float | None) -> TypeGuard[float]:
    """Whether a value is there and can be drawn; records hold nan where there was no number."""
    return value is not None and math.isfinite(value)
