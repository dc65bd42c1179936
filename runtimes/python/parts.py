"""Parts of long texts on their way through a graph, and each text whole again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import tokenizers

from edgebert.arrays import Array
from edgebert.runtimes.windows import Window, portions, split
from edgebert.text.long_texts import Answered, Whole, parts_in_order

T = TypeVar("T")

ToParts = Callable[[Sequence[T]], Sequence[Sequence[tokenizers.Encoding]]]
"""Gives the parts of each text."""

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


def with_the_others(
    encode: Callable[[Sequence[T]], Sequence[tokenizers.Encoding]],
) -> ToParts[T]:
    """What gives all parts of a text, of what gives the first one, which knows the others."""
    return lambda texts: [parts_in_order(first) for first in encode(texts)]


def in_parts(windows: Iterable[Window[T]], to_parts: ToParts[T]) -> Iterator[Window[Part[T]]]:
    """The parts of texts, in windows of their own."""
    for window in windows:
        some = list(portions(window.texts))
        for i, texts in enumerate(some):
            pairs = zip(texts, to_parts(texts), strict=True)
            parts = [part for pair in pairs for part in _parts(*pair)]
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


def _parts(text: T, encodings: Sequence[tokenizers.Encoding]) -> Iterator[Part[T]]:
    for i, part in enumerate(encodings, 1):
        yield Part(text, part, last=i == len(encodings))
