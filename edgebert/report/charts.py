"""Charts as inline SVG that takes its colours from the page, so that one chart fits light and dark.

Only numbers and our own words are drawn; names of bundles go into the caption and the legend,
which are HTML and can hold any script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import LogLocator, NullFormatter

COLOURS = 6
"""How many series colours the style sheet has; a seventh series starts over."""

_WIDTH = 310.0  # points; shown on a phone one to one, so that text stays readable
_INK, _RULE = "#010101", "#020202"
_SERIES = tuple(f"#0303{i:02x}" for i in range(1, COLOURS + 1))
_CSS = {_INK: "var(--ink)", _RULE: "var(--rule)"} | {
    series: f"var(--series-{i})" for i, series in enumerate(_SERIES, start=1)
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, sharp, searchable
    "svg.hashsalt": "edgebert",  # the same records give the same page
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": "DejaVu Sans",  # ships with matplotlib; the page shows its own font
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.edgecolor": _RULE,
    "grid.color": _RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
}


@dataclass(frozen=True)
class Series:
    """One colour of a chart: a value for each group; `upper` draws a whisker to a second value."""

    colour: int
    values: tuple[float | None, ...]
    labels: tuple[str, ...] = ()
    upper: tuple[float | None, ...] = ()


def bars(groups: Sequence[str], series: Sequence[Series], axis: str) -> Markup:
    """Horizontal bars from zero: a group of rows for each of `groups`, a row for each series."""
    with matplotlib.rc_context(_STYLE):
        canvas, axes = _canvas(height=42 + len(groups) * (13 * len(series) + 9))
        step = 0.8 / len(series)
        for row, one in enumerate(series):
            at = [group - 0.4 + step * (row + 0.5) for group in range(len(groups))]
            _draw_bars(axes, at, step * 0.86, one)
        axes.set_yticks(range(len(groups)), groups)
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.set_xlim(0, 1.2 * _longest(series))
        axes.spines["left"].set_visible(False)
        _finish_x(axes, axis)
        return _svg(canvas)


def dots(groups: Sequence[str], series: Sequence[Series], axis: str) -> Markup:
    """Dots on a logarithmic axis: a row for each of `groups`, a dot for each series."""
    with matplotlib.rc_context(_STYLE):
        canvas, axes = _canvas(height=54 + 26 * len(groups))
        for one in series:
            shown = [(v, row) for row, v in enumerate(one.values) if v is not None and v > 0]
            xs, ys = [v for v, _ in shown], [row for _, row in shown]
            axes.plot(xs, ys, "o", color=_colour(one), markersize=8, alpha=0.9)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(numticks=6))
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("e-0", "e-"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(groups)), groups)
        axes.set_ylim(len(groups) - 0.5, -0.5)
        axes.margins(x=0.15)
        _finish_x(axes, axis)
        return _svg(canvas)


def curves(steps: Sequence[int], panels: Sequence[tuple[str, Series]], axis: str) -> Markup:
    """A line for each of `panels` (its axis label, its values), above one another."""
    with matplotlib.rc_context(_STYLE):
        canvas = Canvas(figsize=(_WIDTH / 72, (40 + 95 * len(panels)) / 72), layout="constrained")
        rows = canvas.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
        for axes, (label, one) in zip(rows, panels, strict=True):
            shown = [(s, v) for s, v in zip(steps, one.values, strict=True) if v is not None]
            xs, ys = [s for s, _ in shown], [v for _, v in shown]
            axes.plot(xs, ys, "o-", color=_colour(one), markersize=4, linewidth=2)
            axes.set_ylabel(label)
            axes.grid(axis="y", linewidth=0.6)
            axes.margins(y=0.15)
        rows[-1].set_xlabel(axis)
        rows[-1].xaxis.get_major_locator().set_params(integer=True)
        return _svg(canvas)


def _canvas(height: float) -> tuple[Canvas, Axes]:
    canvas = Canvas(figsize=(_WIDTH / 72, height / 72), layout="constrained")
    return canvas, canvas.subplots()


def _draw_bars(axes: Axes, at: list[float], thickness: float, one: Series) -> None:
    axes.barh(at, [v or 0 for v in one.values], thickness, color=_colour(one))
    uppers = one.upper or (None,) * len(at)
    labels = one.labels or ("",) * len(at)
    for y, value, upper, label in zip(at, one.values, uppers, labels, strict=True):
        if value is None:
            continue
        if upper is not None:
            axes.plot([value, upper], [y, y], color=_INK, linewidth=1)
            axes.plot([upper], [y], "|", color=_INK, markersize=5)
        ends = max(value, upper or 0)
        axes.annotate(label, (ends, y), (4, 0), textcoords="offset points", va="center", size=9)


def _longest(series: Sequence[Series]) -> float:
    ends = [v for one in series for v in (*one.values, *one.upper) if v is not None]
    return max(ends, default=0.0) or 1.0


def _finish_x(axes: Axes, label: str) -> None:
    axes.set_xlabel(label)
    axes.grid(axis="x", linewidth=0.6)
    axes.set_axisbelow(True)


def _colour(one: Series) -> str:
    return _SERIES[one.colour % COLOURS]


def _svg(canvas: Canvas) -> Markup:
    """Render, drop what only a stand-alone file needs, and hand the colours to the style sheet."""
    buffer = StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    canvas.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(
        r'.*?<svg[^>]*(viewBox="[^"]*")[^>]*>', r"<svg \1>", text, count=1, flags=re.DOTALL
    )
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r'(?<=<g) id="[^"]*"', "", text)
    for drawn, css in _CSS.items():
        text = text.replace(drawn, css)
    return Markup(text)
