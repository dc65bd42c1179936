"""Charts of live drift: inline SVG that takes its colours from the page, and needs no library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from edgebert.measures.formats import drift, percent
from edgebert.records.checked import Histogram
from edgebert.records.live_drift import Period

_WIDTH, _HEIGHT = 340, 160
_LEFT, _BOTTOM, _TOP = 2, 138, 34
_LEAST = 1e-8
"""Where the bin of the smallest distances ends, which begins at 0."""


def distances(histogram: Histogram, mean: float, promised: float | None) -> str:
    """How many texts moved how far, on a logarithmic axis, with their mean and what is promised.

    Args:
        histogram: of distances.
        mean: of the newest.
        promised: at most, of that mean.
    """
    marks = [at for at in (mean, promised) if at]
    low = min([max(histogram.edges[0], _LEAST), *marks]) / 1.3
    high = max([histogram.edges[-1], *marks]) * 1.3
    scale = _LogScale(low, high)
    most = max(max(histogram.counts), 1)
    bars = []
    for count, left, right in zip(
        histogram.counts, histogram.edges, histogram.edges[1:], strict=False
    ):
        start, end = scale.at(max(left, low)), scale.at(right)
        tall = (_BOTTOM - _TOP) * count / most
        bars.append(
            f'<rect class="bar" x="{start + 0.5:.1f}" y="{_BOTTOM - tall:.1f}" '
            f'width="{max(end - start - 1, 0.5):.1f}" height="{tall:.1f}"/>'
        )
    share = percent(most / max(sum(histogram.counts), 1))
    told = f"{sum(histogram.counts):,} texts by distance; the fullest bar holds {share}"
    lines = [_mark(scale.at(mean), "mean", drift(mean))] if mean else []
    if promised:
        lines.append(_mark(scale.at(promised), "promise", drift(promised)))
    return _svg("".join([*bars, *scale.ticks(), *lines]), told)


def periods(found: Sequence[Period], promised: float | None) -> str:
    """The mean distance of texts in the order in which they came, and what is promised of it.

    Args:
        found: periods, the oldest first.
        promised: at most, of the mean.
    """
    most = 1.15 * max([period.distance_mean for period in found] + [promised or 0.0, _LEAST])
    step = (_WIDTH - 2 * _LEFT) / max(len(found), 12)

    def height(value: float) -> float:
        return _BOTTOM - (_BOTTOM - _TOP) * value / most

    bars = [
        f'<rect class="bar" x="{_LEFT + step * place + 0.5:.1f}" y="{height(one.distance_mean):.1f}" '
        f'width="{step - 1:.1f}" height="{_BOTTOM - height(one.distance_mean):.1f}"><title>'
        f"{escape(one.began)}: {one.n} texts, mean {drift(one.distance_mean)}</title></rect>"
        for place, one in enumerate(found)
    ]
    if promised:
        y = height(promised)
        bars.append(f'<line class="promise" x1="0" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        bars.append(_text(_WIDTH, y - 4, f"promised {drift(promised)}", "end"))
    bars.append(_text(_LEFT, _BOTTOM + 15, _clock(found[0].began), "start"))
    if _clock(found[-1].began) != _clock(found[0].began):
        at = max(_LEFT + step * len(found), 90)
        bars.append(_text(at, _BOTTOM + 15, _clock(found[-1].began), "end"))
    return _svg("".join(bars), f"Mean distance of {len(found)} periods, from {found[0].began} on")


class _LogScale:
    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = math.log10(low), math.log10(high)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return _LEFT + (_WIDTH - 2 * _LEFT) * min(max(share, 0.0), 1.0)

    def ticks(self) -> list[str]:
        """Powers of ten, and few enough of them."""
        powers = range(math.ceil(self._low), math.floor(self._high) + 1)
        shown = [power for power in powers if not power % (1 + len(powers) // 6)]
        return [
            _text(self.at(10.0**power), _BOTTOM + 15, _power(power), "middle") for power in shown
        ]


def _power(exponent: int) -> str:
    return f"{10.0**exponent:g}".replace("e-0", "e-")


def _mark(x: float, kind: str, value: str) -> str:
    left = x > _WIDTH / 2
    y = _TOP - 22 if kind == "mean" else _TOP - 7
    label = _text(x + (-4 if left else 4), y, f"{kind} {value}", "end" if left else "start")
    line = f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 8}" y2="{_BOTTOM}"/>'
    return line + label


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _clock(began: str) -> str:
    """A time without its date, as all of it is told elsewhere."""
    return began[11:16]


def _svg(inside: str, told: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(told)}">'
        f'{inside}<line class="axis" x1="0" x2="{_WIDTH}" y1="{_BOTTOM}" y2="{_BOTTOM}"/></svg>'
    )
