"""Sentences of a text, by rules, and parts of those that are too long.

Rules for English, German, French and Spanish, and for the marks of Chinese and Japanese; other
languages with these marks are parted by them too. Between two sentences there is white space alone,
so that a text comes back from its sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edgebert.text.abbreviations import (
    BEFORE_NUMBERS,
    BEFORE_ORDINALS,
    BEGINNINGS,
    ENDINGS,
    MONTHS,
    TITLES,
)


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` (exclusive, in code points) of a text."""

    start: int
    end: int


_LINE = re.compile("[^\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]+")

_WIDE = "。！？｡"
_MARKS = ".!?…‥؟۔।॥።։"
MARKS = _MARKS + _WIDE
"""That end sentences."""

_CLOSING = "\"'”’“‘»«›‹)\\]}」』）】》〉］｣"
_OPENING = "\"'“‘„‚»«›‹(\\[{¿¡「『（【《〈［｢"

_WIDE_CLOSING = "\"'”’)\\]}」』）】》〉］｣"

_END = re.compile(  # looked at once from the first mark of a row: a long one takes no longer
    rf"(?P<wide>(?<![{_WIDE}])[{_WIDE}][{_WIDE}{_MARKS}]*+)(?P<wide_closed>[{_WIDE_CLOSING}]*+)"
    rf"|(?P<marks>(?<![{_WIDE}{_MARKS}])[{_MARKS}][{_WIDE}{_MARKS}]*+)"
    # French puts a space before the mark that closes a quotation
    rf"(?P<closed>(?:[{_CLOSING}]|[ \u00a0\u202f]»(?=\s|$))*+)(?=\s|$)"
)
_NO_WORD = re.compile(r"[\s\"'“”„‚‘’«»‹›()\[\]{}¿¡]")
_LOOKED_BACK = 64
"""Characters before a full stop that may say what it is."""
_NEXT_WORD = re.compile(rf"\s*[{_OPENING}–—-]*\s*(?P<word>[^\W_]+(?:[.’'-][^\W_]+)*)?")
_INITIAL = re.compile(r"[^\W\d_](?:\.-?[^\W\d_])*")
_NUMBER = re.compile(r"\d{1,3}|[IVXLC]+")


def sentences(text: str) -> list[Span]:
    """The sentences of a text, in order; none of a blank one.

    A line ends a sentence.
    """
    found: list[Span] = []
    for line in _LINE.finditer(text):
        start = line.start()
        for end in _ends(text, line.start(), line.end()):
            found += _stripped(text, start, end)
            start = end
        found += _stripped(text, start, line.end())
    return found


def _stripped(text: str, start: int, end: int) -> list[Span]:
    """What stands there without white space around; nothing of white space alone."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return [Span(start, end)] if start < end else []


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """Where sentences end in a line, the end of the line aside."""
    begun = start
    for found in _END.finditer(text, start, end):
        if found.end() == end:
            return
        ends = _wide_ends(text, found) if found["wide"] else _ends_at(text, begun, end, found)
        if ends:
            begun = found.end()
            yield begun


def _wide_ends(text: str, found: re.Match[str]) -> bool:
    """Whether a mark of Chinese or Japanese ends a sentence, which needs no space after it."""
    follows = text[found.end()]
    quoted = bool(found["wide_closed"]) and not (follows.isspace() or follows in _OPENING)
    return not quoted  # 「…。」と言った goes on


def _ends_at(text: str, begun: int, end: int, found: re.Match[str]) -> bool:
    """Whether a mark that white space follows ends the sentence that began at `begun`."""
    marks, closed = found["marks"], found["closed"]
    following = _NEXT_WORD.match(text, found.end(), end)
    word = following["word"] if following else None
    if marks[-1] != "." and marks[0] not in ".…‥":
        return not (closed and word and word[0].islower())
    if word and word[0].islower():
        return False
    if len(marks) > 1 or marks[0] != ".":
        return word != "I"  # "Well... I think"
    whole = begun >= found.start() - _LOOKED_BACK
    before = text[max(begun, found.start() - _LOOKED_BACK) : found.start()]
    *earlier, last = _NO_WORD.split(before)
    if closed or not last:
        return True
    earlier = [word for word in earlier if word]
    return not _goes_on(last, earlier[-1] if earlier else None if whole else "", word or "")


def _goes_on(word: str, earlier: str | None, following: str) -> bool:
    """Whether a full stop after a word is that of an abbreviation, an initial or an ordinal.

    Args:
        word: before it.
        earlier: the word before that; None where the sentence begins with `word`.
        following: the word after it.
    """
    lower = word.lower()
    if lower in ENDINGS or (_INITIAL.fullmatch(word) and "." in word and lower not in TITLES):
        return following.lower() not in BEGINNINGS and bool(following)
    if lower in TITLES:
        return True
    if following[:1].isdigit() and lower in BEFORE_NUMBERS:
        return True
    if _INITIAL.fullmatch(word):
        return word.isupper()
    if _NUMBER.fullmatch(word):
        listed = earlier is None  # "1. First of all"
        ordinal = earlier is not None and earlier.lower() in BEFORE_ORDINALS
        return listed or ordinal or following.lower() in MONTHS
    return False


_BREAKS = (
    re.compile(rf"(?:[{_WIDE}]|[.!?;:…](?=\s))[{_CLOSING}]*"),
    re.compile(rf"[；：，、､][{_CLOSING}]*|[,)\]}}»”–—](?=\s)"),
    re.compile(r"\s+"),
)
"""Where a sentence may be parted, the best first."""


def parts(text: str, span: Span, fitting: Callable[[Span], int]) -> list[Span]:
    """Parts of a sentence that fit, without white space around them.

    A part ends at a mark where one stands in the second half of what fits; else at white space; and
    where there is none either, where what fits ends.

    Args:
        text: the whole.
        span: of the sentence.
        fitting: of what stands there, how far it would be read at once, `end` where all of it is.
    """
    found: list[Span] = []
    start = span.start
    while True:
        end = fitting(Span(start, span.end))
        if end >= span.end:
            return [*found, *_stripped(text, start, span.end)]
        end = _break(text, start, max(end, start + 1))
        found += _stripped(text, start, end)
        start = end


def _break(text: str, start: int, end: int) -> int:
    """Where to part what begins at `start` and is read up to `end`."""
    half = start + (end - start) // 2
    for place, pattern in enumerate(_BREAKS):
        last = None
        for found in pattern.finditer(text, half if place < len(_BREAKS) - 1 else start + 1, end):
            last = found.end()
        if pattern is _BREAKS[-1] and text[end].isspace():
            return end
        if last is not None and last > start:
            return last
    return end
