"""What of a text has to stand in its translation as it is: placeholders, addresses, numbers, emoji."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from edgebert.text.scripts import has_letters
from edgebert.text.sentences import Span

_SYMBOLS = (
    "\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\U0001f000-\U0001faff"
)
_JOINED = "\ufe0e\ufe0f\u200d\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
"""What stands behind an emoji and makes another one of it."""

_OPENING = "([{„“«‹¿¡"

_KEPT = re.compile(
    "|".join(
        (
            r"https?://[^\s<>\"'“”«»。，、）」』]+[^\s<>\"'“”«»。，、）」』.,;:!?)\]}]",
            r"www\.[^\s<>\"'“”«»。，、）」』]+[^\s<>\"'“”«»。，、）」』.,;:!?)\]}]",
            r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+",
            r"<!--.{0,1000}?-->",
            r"</?(?:[A-Za-z][^<>\n]{0,1000}|\d{1,3})>",
            r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#x[0-9A-Fa-f]{1,6});",
            r"\$\{[^{}\n]{0,200}\}",
            r"\{\{[^{}\n]{0,200}\}\}",
            r"\{[^{}\n]{0,200}\}",
            r"(?<![\w%])%(?:\(\w{1,64}\)|\d{1,2}\$)?[-+#0]{0,4}\d{0,4}(?:\.\d{1,4})?l{0,2}[sdifuxXeEgGcr@](?!\w)",
            r"%%",
            r"`[^`\n]{1,200}`",
            r"(?<![A-Za-z0-9_])[A-Za-z]{1,32}[0-9][A-Za-z0-9]{0,64}",  # MP3, A4, B2B
            rf"(?:[{_SYMBOLS}][{_JOINED}{_SYMBOLS}]*|[0-9#*]\ufe0f?\u20e3)",
        )
    )
)
NUMBER = re.compile(r"\d+(?:[.,:/'’\u00a0\u202f]\d+)*")


@dataclass(frozen=True)
class Kept:
    """What has to stand in a translation.

    Attributes:
        span: where it stands in the source.
        text: what stands there.
        unread: whether no model can write it, because its tokenizer does not know it.
        number: its digits, where it is a number; the marks between them may change.
    """

    span: Span
    text: str
    unread: bool = False
    number: str = ""


def kept_in(text: str, unread: Iterable[Span] = ()) -> list[Kept]:
    """All that has to stand in the translation of a text, in order.

    Args:
        text: of the source.
        unread: characters that the tokenizer of the source does not know.
    """
    found = [Kept(Span(*one.span()), one[0]) for one in _KEPT.finditer(text)]
    found = _with_unread(text, found, unread)
    taken = [False] * len(text)
    for one in found:
        taken[one.span.start : one.span.end] = [True] * len(one.text)
    for number in NUMBER.finditer(text):
        if not any(taken[number.start() : number.end()]):
            span = Span(*number.span())
            found.append(Kept(span, number[0], number=digits_of(number[0])))
    return sorted(found, key=lambda one: one.span.start)


def lacking(kept: Iterable[Kept], translation: str) -> list[Kept]:
    """What of all that has to stand in a translation does not, as often as in its source."""
    numbers = Counter(digits_of(number[0]) for number in NUMBER.finditer(translation))
    left: dict[str, int] = {}
    missing = []
    for one in kept:
        if one.number:
            there = numbers[one.number] > 0
            numbers[one.number] -= there
        else:
            if one.text not in left:
                left[one.text] = translation.count(one.text)
            there = left[one.text] > 0
            left[one.text] -= there
        if not there:
            missing.append(one)
    return missing


def digits_of(number: str) -> str:
    """The digits of a number of any script, as those of ASCII."""
    return "".join(str(unicodedata.digit(one)) for one in number if one.isdigit())


def between(text: str, kept: Iterable[Kept]) -> list[Span | str]:
    """A text as pieces that are to be translated, and what stands between them as it is.

    White space, marks at the beginning of a piece, and those at its end that open what stays after
    it, stay as they are; so does a piece without letters.

    Args:
        text: the whole.
        kept: what stays, in order.
    """
    found: list[Span | str] = []
    start = 0
    for one in kept:
        found += _piece(text, start, one.span.start)
        found.append(one.text)
        start = one.span.end
    return [*found, *_piece(text, start, len(text))]


def _piece(text: str, start: int, end: int) -> list[Span | str]:
    if not has_letters(text[start:end]):
        return [text[start:end]] if start < end else []
    begin = start
    while not text[begin].isalnum():
        begin += 1
    stop = end
    while _opens(text, stop - 1):
        stop -= 1
    pieces: list[Span | str] = [text[start:begin], Span(begin, stop), text[stop:end]]
    return [piece for piece in pieces if piece != ""]


def _opens(text: str, place: int) -> bool:
    """Whether white space stands there, or a mark that opens what comes after it."""
    if text[place] in "\"'":
        return place == 0 or text[place - 1].isspace() or text[place - 1] in _OPENING
    return text[place].isspace() or text[place] in _OPENING


def _with_unread(text: str, found: list[Kept], unread: Iterable[Span]) -> list[Kept]:
    """The same with what the tokenizer does not know; what touches it becomes one with it."""
    joined: list[Kept] = []
    marked = [(one.span, False) for one in found] + [(span, True) for span in unread]
    for span, unknown in sorted(marked, key=lambda pair: (pair[0].start, -pair[0].end)):
        if joined and span.start < joined[-1].span.end:
            last = joined.pop()
            span = Span(last.span.start, max(last.span.end, span.end))
            unknown = unknown or last.unread
        joined.append(Kept(span, text[span.start : span.end], unread=unknown))
    return joined
