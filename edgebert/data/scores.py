"""Scores in the cells of a table."""

from __future__ import annotations

import math
from typing import Any

SCORE_COLUMNS = ("score", "relatedness_score")
"""What a column of them is usually called."""


def score_of(value: Any) -> float:
    """The number in a cell.

    Raises:
        ValueError: there is none; the message goes on after the name of the column.
    """
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"should be a number, not {value!r}")
    return score
