"""Distances, cosines, shares and points as a reader wants them: with the figures that matter."""

from __future__ import annotations

import math
import re

_METRICS = {
    "bleu": "BLEU",
    "chrf": "chrF",
    "f1": "F1",
    "lm": "LM",
    "mcc": "MCC",
    "mrr": "MRR",
    "ndcg": "nDCG",
}
MISSING = "–"
"""What stands where a figure is not known, or is no number."""


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


def percent(share: float) -> str:
    return MISSING if math.isnan(share) else f"{100 * share:.2f} %"


def points(value: float, *, signed: bool = False) -> str:
    """Points from 0 to 100."""
    return MISSING if math.isnan(value) else f"{value:{'+' if signed else ''}.2f}"


def metric_title(name: str) -> str:
    """The name of a metric as a heading: entity_f1 becomes Entity F1, ndcg@10 nDCG@10."""
    words = name.replace("_", " ")
    for word, written in _METRICS.items():
        words = re.sub(rf"\b{word}\b", written, words)
    return words if words.startswith(tuple(_METRICS.values())) else words[:1].upper() + words[1:]
