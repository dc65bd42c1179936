"""Entities as character spans, from tokens with BIO (or BMES) tags."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebert.data.lines import read_lines
from edgebert.data.rows import Row, place_of
from edgebert.errors import InputError

_PREFIXES = frozenset("BIMESLU")


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


def read_conll(path: Path) -> list[Sentence]:
    """Tagged sentences: first column the token, last the tag, blank line between sentences.

    Raises:
        InputError: a line with less than two columns, or a tag that is neither O nor PREFIX-TYPE.
    """
    sentences = []
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*read_lines(path), ""], start=1):
        columns = line.split()
        if columns and columns[0] != "-DOCSTART-":
            if len(columns) < 2:
                raise InputError(f"{path}, line {number}: expected a token and a tag, got {line!r}")
            tokens.append(columns[0])
            tags.append(_checked_tag(path, number, columns[-1]))
        elif tokens:
            sentences.append(Sentence(*join_tokens(tokens, tags), line=number - len(tokens)))
            tokens, tags = [], []
    return sentences


def spans_of_row(path: Path, row: Row) -> tuple[str, tuple[Span, ...]]:
    """Text and entities of a JSONL row with `tokens` and `tags`."""
    number, cells = row
    tokens, tags = cells.get("tokens"), cells.get("tags")
    if not isinstance(tokens, list) or not isinstance(tags, list) or len(tokens) != len(tags):
        raise InputError(
            f"{place_of(path, number)}: 'tokens' and 'tags' should be lists of one length"
        )
    checked = [_checked_tag(path, number, str(tag)) for tag in tags]
    return join_tokens([str(token) for token in tokens], checked)


def join_tokens(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, tuple[Span, ...]]:
    """Join tokens into a text and turn their tags into character spans.

    A space goes between two tokens unless both sides of the gap are Chinese, Japanese or Korean
    characters, which are written without.
    """
    text = ""
    spans: list[Span] = []
    open_label: str | None = None
    for token, tag in zip(tokens, tags, strict=True):
        if text and not (_is_cjk(text[-1]) and _is_cjk(token[:1])):
            text += " "
        start, text = len(text), text + token
        prefix, _, label = tag.partition("-")
        if prefix == "O":
            open_label = None
            continue
        if prefix in "BSU" or label != open_label:
            spans.append(Span(start, len(text), label))
        else:
            spans[-1] = Span(spans[-1].start, len(text), label)
        open_label = None if prefix in "ESLU" else label
    return text, tuple(spans)


def _checked_tag(path: Path, number: int, tag: str) -> str:
    prefix, dash, label = tag.partition("-")
    if tag == "O" or (dash and label and prefix in _PREFIXES):
        return tag
    raise InputError(
        f"{place_of(path, number)}: expected a tag like O, B-TYPE or I-TYPE, got {tag!r}"
    )


def _is_cjk(character: str) -> bool:
    return bool(character) and unicodedata.east_asian_width(character) in "WF"
