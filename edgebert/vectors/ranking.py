"""The best of many: records with a place and a score, and how the best are picked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.errors import InputError
from edgebert.text.encoding import check_text


@dataclass(frozen=True)
class Hit:
    """One of the texts or vectors that were ranked.

    Attributes:
        index: its place among them.
        score: the higher the better; of a search the similarity that the model is for.
        text: None where vectors were given.
    """

    index: int
    score: float
    text: str | None = None


def largest(scores: npt.NDArray[Any], k: int) -> npt.NDArray[np.intp]:
    """Places of the k largest, largest first, of equals the first one first.

    Args:
        scores: [n].
        k: at least 1; all n where it is more.
    """
    near = np.arange(len(scores))
    if k < len(scores):  # partition finds the k-th; which of its equals it puts first is chance
        near = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    return near[np.argsort(-scores[near], kind="stable")[:k]]


def ranked(texts: Sequence[str], scores: Sequence[float]) -> list[Hit]:
    """All texts, the highest score first."""
    order = largest(np.asarray(scores, np.float64), max(1, len(scores)))
    return [Hit(int(i), float(scores[i]), texts[i]) for i in order]


def check_ranking(query: Any, texts: Any) -> list[str]:
    """Return the texts that are to be ranked for a query.

    Raises:
        InputError: the query is not a text, or the texts are not several.
    """
    if not isinstance(query, str):
        raise InputError(f"query: expected str, not {type(query).__name__}")
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise InputError(f"texts: expected several texts, not {type(texts).__name__}")
    return [str(check_text(text, place, pairs=False)) for place, text in enumerate(texts)]
