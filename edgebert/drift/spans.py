"""Answers to questions as spans of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgebert.runtimes.answers import Array
from edgebert.runtimes.questions import best_span


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
