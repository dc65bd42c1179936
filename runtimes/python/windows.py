"""Texts of a list or a stream, in windows that are worked on together."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from edgebert.errors import InputError

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

_TEXTS = 1024
"""Texts of a window: room to sort in, little to keep."""

_CHARACTERS = 1_000_000
"""Characters after which a window is closed: the tokens of all its texts are kept, cut or not."""

_SLOW_SECONDS = 0.02
"""A text that took so long to come ends its window. Whether the next one will be as slow cannot be
known before it is there: a source that pauses after quick texts keeps these waiting."""

_WINDOW_SECONDS = 0.1
"""Texts that took a little each end their window after so long."""


@dataclass(frozen=True)
class Window(Generic[T]):
    """Texts that are worked on together.

    Attributes:
        texts: of the window.
        full: whether more texts are there already: the next window can be read at once.
    """

    texts: Sequence[T]
    full: bool


def several(texts: Any) -> bool:
    """Whether these are some texts that are there together; else they are a stream.

    Raises:
        InputError: they are neither.
    """
    if hasattr(texts, "__len__") and getattr(texts, "shape", None) != ():
        return True
    if not isinstance(texts, Iterable) or hasattr(texts, "__len__"):
        raise InputError(f"expected a text or texts, not {type(texts).__name__}")
    return False


def windows_of(texts: Sequence[T]) -> Iterator[Window[T]]:
    """Windows of a list."""
    left = len(texts)
    for some in portions(texts):
        left -= len(some)
        yield Window(some, full=left > 0)


def portions(texts: Sequence[T]) -> Iterator[Sequence[T]]:
    """Neighbouring texts, at most so many and of so many characters together, or one text."""
    start = characters = 0
    for place, text in enumerate(texts):
        size = characters_of(text)
        if place > start and (place - start == _TEXTS or characters + size > _CHARACTERS):
            yield texts[start:place]
            start, characters = place, 0
        characters += size
    if start < len(texts):
        yield texts[start:]


def windows_from(stream: Iterable[Any], check: Callable[[Any, int], T]) -> Iterator[Window[T]]:
    """Windows of a stream; the first is one text, so that the first answer comes at once.

    Args:
        stream: texts as they come.
        check: what a text is read as, or an error, given its place in the stream.
    """
    texts: list[T] = []
    read, limit, room = 0, 1, _CHARACTERS
    opened = asked = time.monotonic()
    items = iter(stream)
    while True:
        try:
            text = check(next(items), read)
        except StopIteration:
            break
        except Exception:  # after the answers to all texts before
            if texts:
                yield Window(texts, full=False)
            raise
        now = time.monotonic()
        texts.append(text)
        read, room = read + 1, room - characters_of(text)
        slow = limit == 1 or now - asked > _SLOW_SECONDS
        if slow or len(texts) == limit or room <= 0 or now - opened > _WINDOW_SECONDS:
            yield Window(texts, full=not slow)
            texts, limit, room = [], _TEXTS, _CHARACTERS
            opened = now = time.monotonic()
        asked = now
    if texts:
        yield Window(texts, full=False)


def split(window: Window[T], most: int) -> Iterator[Window[T]]:
    """The same texts in windows of so many at most."""
    for start in range(0, len(window.texts), most):
        end = start + most
        yield Window(window.texts[start:end], full=window.full or end < len(window.texts))


def in_small_windows(windows: Iterable[Window[T]], most: int | None) -> Iterator[Window[T]]:
    """The same texts in windows of so many at most; None for any."""
    for window in windows:
        if most is None:
            yield window
        else:
            yield from split(window, most)


def distinct(texts: Sequence[H]) -> tuple[list[H], list[int]]:
    """Each text once, and for every text its place among those."""
    places: dict[H, int] = {}
    found = [places.setdefault(text, len(places)) for text in texts]
    return list(places), found


def repeated(answers: Iterator[T], places: Sequence[int]) -> Iterator[T]:
    """The answers to distinct texts, as often as their places ask for them."""
    last = {place: i for i, place in enumerate(places)}
    kept: dict[int, T] = {}
    for i, place in enumerate(places):
        if place not in kept:
            kept[place] = next(answers)
        yield kept[place] if i < last[place] else kept.pop(place)


def characters_of(text: object) -> int:
    """Of a text, or of both sides of a pair."""
    return sum(map(len, text)) if isinstance(text, tuple) else len(str(text))
