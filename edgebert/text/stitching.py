"""One row of logits for each token of a text that was read in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tokenizers

from edgebert.arrays import Array
from edgebert.text.long_texts import Whole, stride_of
from edgebert.text.words import TokenizedText


@dataclass(frozen=True)
class _Piece:
    """What is taken of a part.

    Attributes:
        number: of the part.
        taken: tokens, by their places in the part.
    """

    number: int
    taken: Sequence[int]


def stitched(whole: Whole[str]) -> tuple[TokenizedText, Array]:
    """The tokens of a whole text, each with the row of the part that shows most around it.

    Args:
        whole: of parts that share `stride_of` tokens, with rows [tokens, labels].

    Returns:
        The tokens and float32 [tokens, labels]; special tokens only where the text has one part.
    """
    tokenized, found = stitched_tokens(whole.text, whole.encodings)
    if len(whole.rows) == 1:
        return tokenized, whole.rows[0]
    return tokenized, np.stack([whole.rows[part][token] for part, token in found])


def stitched_tokens(
    text: str, encodings: Sequence[tokenizers.Encoding]
) -> tuple[TokenizedText, list[tuple[int, int]]]:
    """The tokens of a whole text, and for each the part it is taken from and its place there."""
    parts = [TokenizedText.of(text, encoding) for encoding in encodings]
    if len(parts) == 1:
        return parts[0], [(0, token) for token in range(len(encodings[0]))]
    found = [(piece.number, token) for piece in _pieces(encodings) for token in piece.taken]
    tokenized = TokenizedText(
        text,
        [parts[part].offsets[token] for part, token in found],
        [parts[part].word_ids[token] for part, token in found],
    )
    return tokenized, found


def _pieces(encodings: Sequence[tokenizers.Encoding]) -> Iterator[_Piece]:
    """The parts in the order of the text, each without the outer halves of what two share.

    A token has more around it in the part that it stands further inside of. A tokenizer that cuts
    on the left gives the end of the text first.
    """
    insides = [
        [place for place, special in enumerate(encoding.special_tokens_mask) if not special]
        for encoding in encodings
    ]
    shared = stride_of(max(map(len, insides)))
    first, last = (encodings[part].offsets[insides[part][0]] for part in (0, -1))
    order = range(len(insides)) if first <= last else range(len(insides))[::-1]
    for number in order:
        inside = insides[number]
        begin = 0 if number == order[0] else shared // 2
        end = 0 if number == order[-1] else shared - shared // 2
        yield _Piece(number, inside[begin : len(inside) - end])
