"""How much is read of a text: what the model reads at once, or all of it in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import tokenizers

from edgebert.arrays import Array
from edgebert.runtimes.parts import ToParts
from edgebert.text.long_texts import Answered, Whole

T = TypeVar("T")

Encode = Callable[[Sequence[T]], Sequence[tokenizers.Encoding]]
"""Tokens of each text."""


@dataclass(frozen=True)
class AtOnce(Generic[T]):
    """What a tokenizer leaves of each text.

    Attributes:
        encode: gives the tokens of each.
        length: tokens that are left at most.
        quick: whether its tokenizer is there already.
    """

    encode: Encode[T]
    length: int
    quick: bool = True

    def parts(self, texts: Sequence[T]) -> Sequence[Sequence[tokenizers.Encoding]]:
        """Of each text its only part."""
        return [(encoding,) for encoding in self.encode(texts)]

    def found(
        self, text: T, encodings: Sequence[tokenizers.Encoding], rows: Sequence[Array]
    ) -> Answered[T]:
        """A text with what was found for its parts."""
        return Answered(text, encodings[0], rows[0])

    def cuts(self, encodings: Sequence[tokenizers.Encoding]) -> bool:
        """Whether something of a text was cut off."""
        (encoding,) = encodings
        return len(encoding) >= self.length and bool(encoding.overflowing)


@dataclass(frozen=True)
class InParts(Generic[T]):
    """All of each text.

    Attributes:
        parts: gives the parts of each.
    """

    parts: ToParts[T]

    def found(
        self, text: T, encodings: Sequence[tokenizers.Encoding], rows: Sequence[Array]
    ) -> Whole[T]:
        """A text with what was found for its parts."""
        return Whole(text, encodings, rows)

    def cuts(self, encodings: Sequence[tokenizers.Encoding]) -> bool:
        """Never: all of it is read."""
        return False


Reading = AtOnce[T] | InParts[T]
