"""Answers to questions as spans of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edgebert.runtimes.answers import Array

_LONGEST = 30  # tokens of an answer, as SQuAD's readers bound it


def answer_text(
    context: str,
    logits: Array,
    offsets: Sequence[tuple[int, int]],
    sides: Sequence[int | None],
) -> str:
    """The likeliest answer as it stands in the context, empty where no token of it was read.

    Args:
        context: the second of the two texts.
        logits: float32 [tokens, 2].
        offsets: characters of each token in its own text.
        sides: which of the two texts each token is of, None for special tokens.
    """
    first, last = best_span(logits, np.array([side == 1 for side in sides]))
    return context[offsets[first][0] : offsets[last][1]] if first >= 0 else ""


def best_span(logits: Array, allowed: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """First and last token of the likeliest answer, (-1, -1) where no token is allowed.

    Args:
        logits: float32 [tokens, 2], of where an answer starts and where it ends.
        allowed: bool [tokens], those of the context.
    """
    places = np.flatnonzero(allowed)
    if not places.size:
        return -1, -1
    start, end = logits[places, 0], logits[places, 1]
    scores = start[:, None] + end[None, :]
    length = np.arange(len(places))[None, :] - np.arange(len(places))[:, None]
    scores = np.where((length >= 0) & (length < _LONGEST), scores, -np.inf)
    first, last = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(places[first]), int(places[last])
