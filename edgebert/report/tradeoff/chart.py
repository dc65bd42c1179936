"""Bundles by what they cost and what they give, each model labelled where it lies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from edgebert.report.charts import decades
from edgebert.report.drawing import CARD, INK, colour, drawable, power
from edgebert.report.tradeoff.joined import Offer, front

_SIDES = ((0, 8, "center"), (0, -15, "center"), (8, -3, "left"), (-8, -3, "right"))
"""Where a label may stand beside its dot, in points: above, below, right, left."""

_LETTER, _LINE = 5.2, 9.0  # points that a letter of a label is wide, and a line of it high

_BEADS = 24

_LEAST_POINTS = 1.0
"""Of the axis of a metric: less would show rounding as if it were a loss."""


@dataclass(frozen=True)
class _Box:
    left: float
    bottom: float
    right: float
    top: float

    def shared(self, other: _Box) -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, wide) * max(0.0, high)

    def area(self) -> float:
        return (self.right - self.left) * (self.top - self.bottom)


def draw_offers(axes: Axes, offers: Sequence[Offer], costs: Sequence[float]) -> None:
    """Dots over a logarithmic cost; those on the front filled; one model's joined by a line."""
    for _, own in _models(offers, costs):
        axes.plot(
            [cost for _, cost in own],
            [o.points for o, _ in own],
            "-",
            color=INK,
            linewidth=0.6,
            alpha=0.5,
        )
    for offer, cost, best in zip(offers, costs, front(offers, costs), strict=True):
        number = precisions(offers).index(offer.precision)
        axes.plot([cost], [offer.points], color=colour(number), **_marker(number, filled=best))
    _scale(axes, costs)
    axes.margins(y=0.18)
    _widen(axes)
    axes.grid(axis="y", linewidth=0.6)


def _widen(axes: Axes) -> None:
    """Have an axis of points show no less than `_LEAST_POINTS`."""
    bottom, top = axes.get_ylim()
    missing = _LEAST_POINTS - (top - bottom)
    if missing > 0:
        axes.set_ylim(bottom - missing / 2, top + missing / 2)


def label_models(axes: Axes, offers: Sequence[Offer], costs: Sequence[float]) -> None:
    """Write each model's name where it covers least; the layout must be done."""
    scale = 72 / axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    at = axes.transData.transform(list(zip(costs, (o.points for o in offers), strict=True))) * scale
    places = {offer: (float(x), float(y)) for offer, (x, y) in zip(offers, at, strict=True)}
    taken = [_Box(x - 5, y - 5, x + 5, y + 5) for x, y in places.values()]
    for _, own in _models(offers, costs):
        taken += _line([places[offer] for offer, _ in own])
    edge = axes.get_window_extent()
    room = _Box(edge.x0 * scale, edge.y0 * scale, edge.x1 * scale + 4, edge.y1 * scale + 4)
    for name, own in _models(offers, costs):
        text = drawable(name)
        tried = [
            (box, offer, side)
            for offer, _ in own
            for side in _SIDES
            for box in [_box(text, places[offer], side)]
        ]
        box, offer, (right, up, align) = min(tried, key=lambda one: _harm(one[0], taken, room))
        taken.append(box)
        axes.annotate(
            text,
            (costs[offers.index(offer)], offer.points),
            (right, up),
            textcoords="offset points",
            ha=align,
            size=9,
            in_layout=False,
        )


def precisions(offers: Sequence[Offer]) -> list[str]:
    """Those there are, fp32 first; the place is the number of the colour."""
    return sorted({offer.precision for offer in offers}, key=lambda p: (p != "fp32", p))


def key(offers: Sequence[Offer]) -> list[Line2D]:
    """What the colours and the hollow dots say, for a picture without a page around it."""
    shown = [
        Line2D([], [], color=colour(i), linestyle="", label=name, **_marker(i, filled=True))
        for i, name in enumerate(precisions(offers))
    ]
    hollow = Line2D([], [], color=INK, linestyle="", label="beaten", **_marker(0, filled=False))
    return [*shown, hollow]


def _marker(number: int, *, filled: bool) -> dict[str, Any]:
    face: dict[str, Any] = {} if filled else {"markerfacecolor": CARD}
    return {"marker": "os^Dv"[number % 5], "markersize": 7, "markeredgewidth": 1.4, **face}


def _models(
    offers: Sequence[Offer], costs: Sequence[float]
) -> Iterator[tuple[str, list[tuple[Offer, float]]]]:
    """Each model's name with its bundles from cheap to dear."""
    for source in dict.fromkeys(offer.source for offer in offers):
        own = [(o, cost) for o, cost in zip(offers, costs, strict=True) if o.source == source]
        yield own[0][0].model, sorted(own, key=lambda pair: pair[1])


def _scale(axes: Axes, costs: Sequence[float]) -> None:
    low, high = math.log10(min(costs)), math.log10(max(costs))
    margin = max(0.12 * (high - low), 0.06)
    axes.set_xscale("log")
    axes.set_xlim(10 ** (low - margin), 10 ** (high + margin))
    ticks = [10**tick for tick in decades(low - margin, high + margin)]
    axes.set_xticks(ticks, list(map(power, ticks)))
    axes.set_xticks([], minor=True)


def _box(text: str, at: tuple[float, float], side: tuple[int, int, str]) -> _Box:
    right, up, align = side
    width = _LETTER * len(text)
    left = at[0] + right - {"left": 0.0, "center": width / 2, "right": width}[align]
    return _Box(left, at[1] + up, left + width, at[1] + up + _LINE)


def _line(ends: Sequence[tuple[float, float]]) -> Iterator[_Box]:
    """The line through some dots, as beads that a label should not cover."""
    for (x0, y0), (x1, y1) in pairwise(ends):
        for share in (step / _BEADS for step in range(_BEADS)):
            x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
            yield _Box(x - 2, y - 2, x + 2, y + 2)


def _harm(box: _Box, taken: Sequence[_Box], room: _Box) -> float:
    """How much a label covers of what is there, or lies outside."""
    return sum(box.shared(other) for other in taken) + box.area() - box.shared(room)
