"""How large a request is, before its texts are tokenized."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edgebert.runtimes.calls import Ask, Given
from edgebert.runtimes.readings import AtOnce, Reading
from edgebert.runtimes.windows import characters_of

_CHARACTERS_PER_TOKEN = 4
"""Of English text; other scripts have fewer."""

_SPECIAL_TOKENS = 2

_AT_ONCE = 8192
_TEXTS_AT_ONCE = 64
"""Characters and texts that whoever asks tokenizes on the spot: a millisecond or two."""

_LONG = 100_000
"""Characters of a text that a caller would tokenize for longer than several runs take."""


@dataclass(frozen=True)
class Size:
    """About how much a request is.

    Attributes:
        tokens: that are read.
        quick: whether its texts are tokenized in a moment.
        long: whether one of them is so long that no turn has room for it.
    """

    tokens: int
    quick: bool
    long: bool


def size_of_asks(asks: Iterable[Ask[Any] | Given]) -> Size:
    """The size of a request whose texts are known."""
    tokens, sizes, quick = 0, [0], True
    for ask in asks:
        if isinstance(ask, Given):
            continue
        reading = ask.request.reading
        quick = quick and isinstance(reading, AtOnce) and reading.quick
        for text in _texts(ask.texts):
            tokens += about_tokens(text, reading)
            sizes.append(_characters(text))
    quick = quick and sum(sizes) <= _AT_ONCE and len(sizes) <= _TEXTS_AT_ONCE
    return Size(tokens, quick, long=max(sizes) > _LONG)


def size_of_arguments(arguments: Iterable[Any]) -> Size:
    """The size of a request of which only the arguments of its verb are known."""
    texts = [text for value in arguments for text in _texts(value)]
    longest = max(map(_characters, texts), default=0)
    return Size(sum(map(about_tokens, texts)), quick=False, long=longest > _LONG)


def about_tokens(text: Any, reading: Reading[Any] | None = None) -> int:
    """About how many tokens are read of a text."""
    about = _characters(text) // _CHARACTERS_PER_TOKEN + _SPECIAL_TOKENS
    return min(about, reading.length) if isinstance(reading, AtOnce) else about


def _texts(value: Any) -> Collection[Any]:
    """Texts of a collection that they are counted in without being changed."""
    if isinstance(value, str):
        return (value,)
    listed = isinstance(value, Collection) and not isinstance(value, bytes | Mapping)
    return () if not listed or getattr(value, "ndim", 1) != 1 else value


def _characters(text: Any) -> int:
    """Of a text or a pair; of anything else nothing: it will be refused."""
    if isinstance(text, str):
        return len(text)
    pair = isinstance(text, tuple) and all(isinstance(side, str) for side in text)
    return characters_of(text) if pair else 0
