"""What a translation is asked for beside its text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from edgebert.bounds import check_number
from edgebert.errors import InputError
from edgebert.records.manifest import Writing


@dataclass(frozen=True)
class TranslationOptions:
    """How targets are searched.

    Attributes:
        beam: targets of a sentence that grow beside each other.
        n_best: of them that are told.
        length_penalty: by the length to this power a log-probability is divided.
        max_length: tokens of a target at most, where that is less than the source's allow.
    """

    beam: int
    n_best: int
    length_penalty: float
    max_length: int | None

    def limit(self, writing: Writing, source_tokens: int) -> int:
        """Tokens of a target at most, its end among them."""
        longest = writing.longest(source_tokens)
        return longest if self.max_length is None else min(longest, self.max_length)

    def penalty(self, length: int) -> float:
        """What the log-probability of so many tokens is divided by."""
        return float(length**self.length_penalty)


def check_options(
    writing: Writing, *, beam: Any, n_best: Any, length_penalty: Any, max_length: Any
) -> TranslationOptions:
    """Options inside their bounds, or one clear line.

    Raises:
        InputError: one of them is out of its bounds.
    """
    checked = check_beam(writing.vocabulary, beam)
    if length_penalty is None:
        penalty = writing.length_penalty
    elif not isinstance(length_penalty, Real) or not _fits(float(length_penalty)):
        raise InputError(
            f"length_penalty={length_penalty!r}: expected a number, {-_STRONGEST:g} to {_STRONGEST:g}"
        )
    else:
        penalty = float(length_penalty)
    return TranslationOptions(
        beam=checked,
        n_best=check_number("n_best", n_best, 1, checked),
        length_penalty=penalty,
        max_length=None if max_length is None else check_number("max_length", max_length, 1),
    )


def check_beam(vocabulary: int, beam: Any) -> int:
    """How many targets grow beside each other, or one clear line.

    A first step finds no more than the vocabulary to go on with, and twice the beam is looked at,
    because as many may end.

    Raises:
        InputError: it is out of its bounds.
    """
    return check_number("beam", beam, 1, max(1, vocabulary // 2))


_STRONGEST = 10.0
"""Of a length penalty: a target of a thousand tokens to this power is still a number."""


def _fits(penalty: float) -> bool:
    return math.isfinite(penalty) and abs(penalty) <= _STRONGEST
