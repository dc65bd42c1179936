"""Entities as character spans, from tokens with BIO (or BMES) tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebert.data.rows import Row, place_of
from edgebert.errors import InputError

_PREFIXES = frozenset("BIMESLU")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3001-\u312f\u31a0-\u9fff\uf900-\ufaff\uff01-\uff9f"  # Japanese and Chinese
    "\U00020000-\U0003ffff]"
)
"""Characters of scripts that are written without blanks between words; Korean has blanks."""


@dataclass(frozen=True)
class Span:
    """An entity: characters `start` to `end` (exclusive) of its text, and its label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Sentence:
    """A tagged sentence as a text with its entities; `line` is where it begins."""

    text: str
    spans: tuple[Span, ...]
    line: int


def spans_of_row(path: Path, row: Row, names: tuple[str, str]) -> tuple[str, tuple[Span, ...]]:
    """Text and entities of a row with tokens and their tags, in the columns of these names.

    Raises:
        InputError: they are no lists of one length, tags are numbers or none, or an entity is
            nothing but blanks.
    """
    where = place_of(path, row[0])
    tokens, tags = (row[1].get(name) for name in names)
    if not isinstance(tokens, list) or not isinstance(tags, list) or len(tokens) != len(tags):
        raise InputError(f"{where}: {names[0]!r} and {names[1]!r} should be lists of one length")
    for token in tokens:
        if not isinstance(token, str):
            raise InputError(f"{where}: {names[0]!r} should hold text, not {token!r}")
    for tag in tags:
        if isinstance(tag, int | float):
            raise InputError(
                f"{where}: {names[1]!r} should hold names like O and B-PER, not {tag!r}: write the "
                "names that the data set gives its numbers"
            )
        check_tag(where, str(tag))
    try:
        return join_tokens(tokens, tags)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error


def join_tokens(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, tuple[Span, ...]]:
    """Join tokens into a text and turn their tags into character spans.

    A blank goes between two tokens unless both sides of the gap are written without, as Chinese,
    Japanese and Thai are. An empty token leaves no trace. No entity begins or ends with a blank.

    Raises:
        ValueError: an entity is nothing but blanks.
    """
    text = ""
    spans: list[Span] = []
    open_label: str | None = None
    for token, tag in zip(tokens, tags, strict=True):
        if text and token and not (_UNSPACED.match(text[-1]) and _UNSPACED.match(token)):
            text += " "
        start, text = len(text), text + token
        prefix, _, label = tag.partition("-")
        before, open_label = open_label, goes_on_with(tag)
        if prefix == "O":
            continue
        if prefix in "BSU" or label != before:
            spans.append(Span(start, len(text), label))
        else:
            spans[-1] = Span(spans[-1].start, len(text), label)
    return text, tuple(_trimmed(text, span) for span in spans)


def goes_on_with(tag: str) -> str | None:
    """The type of the entity that a tag leaves open for the next one."""
    prefix, _, label = tag.partition("-")
    return None if prefix == "O" or prefix in "ESLU" else label


def _trimmed(text: str, span: Span) -> Span:
    found = text[span.start : span.end]
    if not found.strip():
        raise ValueError(f"nothing but blanks is tagged {span.label!r}")
    start = span.start + len(found) - len(found.lstrip())
    return Span(start, start + len(found.strip()), span.label)


def is_tag(tag: str) -> bool:
    prefix, dash, label = tag.partition("-")
    return tag == "O" or bool(dash and label and prefix in _PREFIXES)


def type_of(tag: str) -> str:
    """The type of a tag's entity; empty for O."""
    return tag.partition("-")[2]


def check_tag(where: str, tag: str) -> None:
    """Refuse what is no tag; `where` is how the message begins.

    Raises:
        InputError: it is neither O nor PREFIX-TYPE.
    """
    if not is_tag(tag):
        raise InputError(f"{where}: expected a tag like O, B-TYPE or I-TYPE, got {tag!r}")
