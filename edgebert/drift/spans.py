"""Answers to questions as spans of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import tokenizers

from edgebert.data import Text
from edgebert.runtimes.answers import Array
from edgebert.runtimes.long_texts import Whole
from edgebert.runtimes.questions import read_answer


def read_answers(
    texts: Sequence[Text], encodings: Sequence[tokenizers.Encoding], rows: Sequence[Array]
) -> list[str]:
    """The likeliest answer to each (question, context), given its tokens and logits [tokens, 2]."""
    return [
        read_answer(Whole((text[0], text[1]), [encoding], [logits]), allow_no_answer=False).text
        for text, encoding, logits in zip(texts, encodings, rows, strict=True)
    ]
