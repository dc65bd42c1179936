"""The canvas of a chart: inline SVG that takes its colours from the page.

So one chart fits light and dark. Names of bundles go into the caption and the legend, which are
HTML and can hold any script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

COLOURS = 6
"""How many series colours the style sheet has; a seventh series starts over."""

_SCALE = 460 / 310  # of a picture alone: as large as a page shows a chart
_WIDTH = 310.0  # points; shown on a phone one to one, so that text stays readable
INK, RULE, CARD = "#010101", "#020202", "#040404"
_SERIES = tuple(f"#0303{i:02x}" for i in range(1, COLOURS + 1))
_CSS = {INK: "var(--ink)", RULE: "var(--rule)", CARD: "var(--card)"} | {
    series: f"var(--series-{i})" for i, series in enumerate(_SERIES, start=1)
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, sharp, searchable
    "svg.hashsalt": "edgebert",  # the same records give the same page
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": "DejaVu Sans",  # ships with matplotlib; the page shows its own font
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.edgecolor": RULE,
    "grid.color": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
}


@contextmanager
def canvas(
    height: float,
    panels: int = 1,
    shares: Sequence[float] | None = None,
    *,
    one_axis: bool = True,
) -> Iterator[tuple[Canvas, list[Axes]]]:
    """A canvas `height` points high, in the style of the page, with axes above one another.

    Args:
        height: of all.
        panels: how many axes.
        shares: how high each is beside the others; by default alike.
        one_axis: whether all have the same x axis.
    """
    with matplotlib.rc_context(_STYLE):
        drawing = Canvas(figsize=(_WIDTH / 72, height / 72), layout="constrained")
        rows = drawing.subplots(panels, 1, sharex=one_axis, squeeze=False, height_ratios=shares)
        yield drawing, list(rows[:, 0])


def colour(number: int) -> str:
    return _SERIES[number % COLOURS]


def label_x(axes: Axes, label: str) -> None:
    axes.set_xlabel(label)
    axes.grid(axis="x", linewidth=0.6)
    axes.set_axisbelow(True)


def drawable(text: str) -> str:
    """`text` with a question mark for all that is not Latin: the font cannot measure it."""
    return re.sub("[^ -~\xa0-\xff…–]", "?", text)


def power(value: float) -> str:
    """A tick of a logarithmic axis: 0.01, 1e-5."""
    return f"{value:g}".replace("e-0", "e-")


def to_file(chart: Markup, style: str, title: str) -> str:
    """A chart as a file of its own, on a card, in the colours that `style` defines.

    Args:
        chart: what `to_svg` made.
        style: variables of CSS, for light and for dark.
        title: what it shows, for those who do not see it.
    """
    _, _, width, height = re.findall(r"[\d.]+", chart[: chart.index(">")])
    card = '<rect width="100%" height="100%" rx="8" fill="var(--card)"/>'
    opening = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{_SCALE * float(width):g}" '
        f'height="{_SCALE * float(height):g}" role="img">'
    )
    fonts = "text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }"
    drawn = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", chart.partition(">")[2])
    return f"{opening}<title>{escape(title)}</title><style>{style}{fonts}</style>{card}{drawn}\n"


def to_svg(drawing: Canvas) -> Markup:
    """Render, drop what only a stand-alone file needs, and hand the colours to the style sheet."""
    buffer = StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    drawing.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(
        r'.*?<svg[^>]*(viewBox="[^"]*")[^>]*>', r"<svg \1>", text, count=1, flags=re.DOTALL
    )
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, flags=re.DOTALL)
    text = re.sub(r'(?<=<g) id="[^"]*"', "", text)
    for drawn, css in _CSS.items():
        text = text.replace(drawn, css)
    return Markup(text)
