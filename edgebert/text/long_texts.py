"""Texts that are longer than what a model reads at a time: cut elsewhere, or read in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import tokenizers

from edgebert.arrays import Array
from edgebert.text.encoding import encode

T = TypeVar("T")

TRUNCATE, MEAN = "truncate", "mean"
LONG_TEXTS = (TRUNCATE, MEAN)
"""What `embed` and `classify` do with a long text: reads its beginning, or all of it in parts."""

Cut = Callable[[int | None, int], tokenizers.Tokenizer]
"""What `cut_at` gives for a length (None for never) and a stride."""

_STRIDE = 128
"""Tokens that neighbouring parts share, as SQuAD's readers have it."""


@dataclass(frozen=True)
class Answered(Generic[T]):
    """A text, its tokens and what the graph says of it (see `Task.row_of`)."""

    text: T
    encoding: tokenizers.Encoding
    row: Array


@dataclass(frozen=True)
class Whole(Generic[T]):
    """A text, its parts and what the graph says of each."""

    text: T
    encodings: Sequence[tokenizers.Encoding]
    rows: Sequence[Array]


def stride_of(room: int) -> int:
    """Tokens that neighbouring parts share where each has room for so many.

    Half of the room at most, so that parts move on; few values, so that tokenizers are few.
    """
    stride = _STRIDE
    while stride > room // 2:
        stride //= 2
    return stride


def cut_at(
    tokenizer: tokenizers.Tokenizer, max_length: int | None, stride: int
) -> tokenizers.Tokenizer:
    """Another tokenizer of the same kind, which cuts elsewhere; the given one is left alone.

    Args:
        tokenizer: it may be in use by other threads.
        max_length: tokens of a part, special ones with them; None for never.
        stride: tokens that a part shares with the one before.
    """
    other = tokenizers.Tokenizer.from_str(tokenizer.to_str())
    if max_length is None:
        other.no_truncation()
        return other
    said = tokenizer.truncation or {}
    other.enable_truncation(
        max_length,
        stride=stride,
        strategy=said.get("strategy", "longest_first"),
        direction=said.get("direction", "right"),
    )
    return other


def parts_in_order(first: tokenizers.Encoding) -> list[tokenizers.Encoding]:
    """All parts of a text; a tokenizer that keeps the end of a text gives its last part first."""
    return sorted([first, *first.overflowing], key=_begins)


def encode_windows(
    texts: Sequence[str], tokenizer: tokenizers.Tokenizer, cut: Cut
) -> list[tokenizers.Encoding]:
    """Tokens of each text, in parts that overlap where it has several.

    Args:
        texts: single ones.
        tokenizer: of the bundle.
        cut: makes tokenizers of its kind; one that overlaps is made where a text needs it.

    Returns:
        The first part of each, which knows the others.
    """
    encodings = encode(tokenizer, texts)
    long = [place for place, encoding in enumerate(encodings) if encoding.overflowing]
    if long:
        room = encodings[long[0]].special_tokens_mask.count(0)
        length = (tokenizer.truncation or {})["max_length"]
        overlapping = cut(length, stride_of(room))
        again = encode(overlapping, [texts[place] for place in long])
        for place, encoding in zip(long, again, strict=True):
            encodings[place] = encoding
    return encodings


def tokens_of(whole: Whole[Any]) -> Array:
    """Tokens of the text in each of its parts, special ones aside, float32 [parts]."""
    return np.array([e.special_tokens_mask.count(0) for e in whole.encodings], np.float32)


def _begins(part: tokenizers.Encoding) -> int:
    """Where a part begins in its text, of a pair in the second; 0 where offsets were not asked for."""
    side = max((side for side in part.sequence_ids if side is not None), default=0)
    places = zip(part.offsets, part.sequence_ids, strict=True)
    return next((start for (start, _), of in places if of == side), 0)
