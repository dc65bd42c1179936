"""Numbers as a reader wants them: three figures that matter, units a person uses."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_METRICS = {"f1": "F1", "mcc": "MCC", "ndcg": "nDCG"}
MISSING = "–"
"""What stands where a figure is not known, or is no number."""


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


def drift(value: float) -> str:
    """A distance: two figures, with an exponent once it is rounding error."""
    if value == 0 or math.isnan(value):
        return MISSING if value else "0"
    return f"{value:.1e}".replace("e-0", "e-") if abs(value) < 1e-4 else f"{value:.2g}"


def cosine(value: float) -> str:
    """A cosine with two figures of what it lacks to 1, in 4 to 8 decimals."""
    if math.isnan(value):
        return MISSING
    lacking = max(1 - value, 1e-8)
    decimals = 1 - math.floor(math.log10(lacking))
    return f"{value:.{min(max(decimals, 4), 8)}f}"


def megabytes(size_bytes: float) -> str:
    return f"{figures(size_bytes / 1e6)} MB"


def percent(share: float) -> str:
    return MISSING if math.isnan(share) else f"{100 * share:.2f} %"


def points(value: float, *, signed: bool = False) -> str:
    """Points from 0 to 100."""
    return MISSING if math.isnan(value) else f"{value:{'+' if signed else ''}.2f}"


def duration(seconds: float) -> str:
    if math.isnan(seconds):
        return MISSING
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{figures(seconds)} s"


def times(ratio: float) -> str:
    return f"{ratio:.{1 if ratio < 10 else 0}f}×"


def metric_title(name: str) -> str:
    """The name of a metric as a heading: entity_f1 becomes Entity F1, ndcg@10 nDCG@10."""
    words = name.replace("_", " ")
    for word, written in _METRICS.items():
        words = re.sub(rf"\b{word}\b", written, words)
    return words if words.startswith(tuple(_METRICS.values())) else words[:1].upper() + words[1:]


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
