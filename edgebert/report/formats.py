"""Numbers as a reader wants them: three figures that matter, units a person uses."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from edgebert.measures.formats import MISSING


def figures(value: float) -> str:
    """Three significant figures, without an exponent below 10^12: 0.0123, 1.23, 123, 12,345."""
    if math.isnan(value):
        return MISSING
    size = abs(value)
    if size >= 1e12:
        return f"{value:.3g}"
    if size >= 100 or value == 0:
        return f"{value:,.0f}"
    decimals = next((d for bound, d in ((10, 1), (1, 2), (0.1, 3), (0.01, 4)) if size >= bound), 5)
    return f"{value:.{decimals}f}"


def megabytes(size_bytes: float) -> str:
    return f"{figures(size_bytes / 1e6)} MB"


def duration(seconds: float) -> str:
    if math.isnan(seconds):
        return MISSING
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{figures(seconds)} s"


def times(ratio: float) -> str:
    return f"{ratio:.{1 if ratio < 10 else 0}f}×"


def day(created: str) -> str:
    """An ISO 8601 time as a date and minute in UTC; what is no such time stays as it is."""
    try:
        return datetime.fromisoformat(created).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return created


def clipped(text: str, length: int = 240) -> str:
    """`text` on one line, cut at `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
