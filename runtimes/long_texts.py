"""Texts that are longer than what a model reads at a time: cut elsewhere, or read in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import tokenizers

from edgebert.runtimes.answers import Array
from edgebert.runtimes.scheduling import Answered, Encode
from edgebert.runtimes.vectors import unit
from edgebert.runtimes.windows import Window, portions, split

T = TypeVar("T")

TRUNCATE, MEAN = "truncate", "mean"
LONG_TEXTS = (TRUNCATE, MEAN)
"""What `embed` does with a long text: reads its beginning, or all of it in parts."""

Cut = Callable[[int | None, int], tokenizers.Tokenizer]
"""What `cut_at` gives for a length (None for never) and a stride."""

_PARTS = 1024
"""Parts that are run together."""


@dataclass(frozen=True, eq=False)
class Part(Generic[T]):
    """What is read at a time of a text.

    Attributes:
        text: the whole of it.
        last: whether no other part follows.
    """

    text: T
    encoding: tokenizers.Encoding
    last: bool


@dataclass(frozen=True)
class Whole(Generic[T]):
    """A text, its parts and what the graph says of each."""

    text: T
    encodings: Sequence[tokenizers.Encoding]
    rows: Sequence[Array]


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


def in_parts(windows: Iterable[Window[T]], encode: Encode[T]) -> Iterator[Window[Part[T]]]:
    """The parts of texts, in windows of their own.

    Args:
        windows: of texts.
        encode: gives the first part of each text, which knows the others.
    """
    for window in windows:
        some = list(portions(window.texts))
        for i, texts in enumerate(some):
            encodings = encode(texts)
            parts = [p for pair in zip(texts, encodings, strict=True) for p in _parts(*pair)]
            more = window.full or i + 1 < len(some)
            yield from split(Window(parts, full=more), _PARTS)


def wholes(answers: Iterable[Answered[Part[T]]]) -> Iterator[Whole[T]]:
    """Each text with all of its parts."""
    encodings: list[tokenizers.Encoding] = []
    rows: list[Array] = []
    for answered in answers:
        encodings.append(answered.encoding)
        rows.append(answered.row)
        if answered.text.last:
            yield Whole(answered.text.text, encodings, rows)
            encodings, rows = [], []


def mean_of(whole: Whole[Any], *, normalize: bool) -> Array:
    """The mean of the vectors of a text's parts, each counted by its tokens.

    Args:
        whole: with a row [dim] for each part.
        normalize: whether the mean is brought back to length 1.

    Returns:
        float32 [dim]; where the text has one part, its vector as it is.
    """
    if len(whole.rows) == 1:
        return whole.rows[0]
    tokens = np.array([e.special_tokens_mask.count(0) for e in whole.encodings], np.float32)
    mean = np.asarray((tokens / tokens.sum()) @ np.stack(whole.rows), np.float32)
    return unit(mean) if normalize else mean


def _parts(text: T, encoding: tokenizers.Encoding) -> Iterator[Part[T]]:
    """In the order of the text: a tokenizer that keeps the end of a text gives its last part first."""
    parts = sorted([encoding, *encoding.overflowing], key=_begins)
    for i, part in enumerate(parts, 1):
        yield Part(text, part, last=i == len(parts))


def _begins(part: tokenizers.Encoding) -> int:
    """Where a part begins in its text, of a pair in the second; 0 where offsets were not asked for."""
    side = max((side for side in part.sequence_ids if side is not None), default=0)
    places = zip(part.offsets, part.sequence_ids, strict=True)
    return next((start for (start, _), of in places if of == side), 0)
