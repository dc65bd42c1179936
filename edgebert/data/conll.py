"""Tagged tokens in columns: CoNLL and its kin.

Read are CoNLL-2002 and 2003 (token first, tag last), CoNLL-U (a number before each token, comments
before a sentence) and GermEval 2014 (a number, the token, an outer tag, an inner tag). Words are never
taken from a column that may hold something else: such a file is refused.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebert.data.entities import Sentence, check_tag, is_tag, join_tokens, type_of
from edgebert.data.lines import read_lines
from edgebert.data.tag_sequences import torn_tags
from edgebert.errors import InputError

_LOGGER = logging.getLogger(__name__)
_DOCUMENT = "-DOCSTART-"
_NUMBER = re.compile(r"\d+([-.]\d+|[.):])?")  # 1-2 and 1.1 of CoNLL-U are no words of their own
_MEANT_AS_TAG = re.compile(r"[A-Za-z]{1,2}[-_]\S+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]+)*:(?=.)")  # en:Paris, as WikiANN writes it
_CHUNKS = frozenset(
    [
        "ADJP",
        "ADVP",
        "CONJP",
        "INTJ",
        "LST",
        "NP",
        "PP",
        "PRT",
        "SBAR",
        "UCP",
        "VP",
        "NC",
        "PC",
        "VC",
    ]
)
"""Types of phrases, English and German: a column of them before the entities is none of entities."""


@dataclass(frozen=True)
class _Row:
    """A line's columns, and its number."""

    line: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Shape:
    """What the first line with a token says about all of them."""

    line: int
    tabs: bool
    width: int

    @classmethod
    def of(cls, lines: Sequence[str]) -> _Shape | None:
        rows = [(n, line) for n, line in enumerate(lines, start=1) if not _separates(line)]
        plain = (row for row in rows if not row[1].startswith("#"))
        tagged = (row for row in rows if is_tag(_split(row[1], tabs="\t" in row[1])[-1]))
        row = next(plain, None) or next(tagged, None)
        if row is None:
            return None
        tabs = "\t" in row[1]
        return cls(row[0], tabs, len(_split(row[1], tabs=tabs)))


def read_conll(path: Path) -> list[Sentence]:
    """Tagged sentences: first column the token, last the tag, blank line between sentences.

    Where a line has tabs, they alone separate columns, and tokens and types may hold blanks; else
    blanks do. Other spaces (NBSP, U+3000) belong to the token. Every line has as many columns.

    Raises:
        InputError: a line of other columns, a tag that is neither O nor PREFIX-TYPE, or columns
            of which it is not plain which holds the tokens or the tags.
    """
    lines = read_lines(path)
    shape = _Shape.of(lines)
    sentences = list(_sentences(path, lines, shape)) if shape else []
    if shape is None or not sentences:
        return []
    token = _token_column(path, sentences, shape)
    if token == 1:
        sentences = [[row for row in of if row.columns[0].isdecimal()] for of in sentences]
    rows = [row for sentence in sentences for row in sentence]
    tag = _tag_column(path, rows, token, shape)
    _check_tokens(path, rows, token, shape)
    tagged = [_tagged(path, sentence, token, tag) for sentence in sentences if sentence]
    _tell_of_torn_tags(path, [[(row.line, row.columns[tag]) for row in of] for of in sentences])
    return tagged


def looks_tagged(lines: Sequence[str]) -> bool:
    """Whether all lines of a text are as of one table of tokens and tags; a few may be chance."""
    tags: set[str] = set()
    widths = []
    for line in lines:
        if not _separates(line):
            columns = _split(line, tabs="\t" in line)
            if len(columns) < 2 or not is_tag(columns[-1]):
                return False
            tags.add(columns[-1])
            widths.append(len(columns))
    return len(widths) > 2 and len(set(widths)) == 1 and "O" in tags and len(tags) > 1


def _tagged(path: Path, rows: Sequence[_Row], token: int, tag: int) -> Sentence:
    for row in rows:
        check_tag(f"{path}, line {row.line}", row.columns[tag])
    try:
        text, spans = join_tokens(
            [row.columns[token] for row in rows], [row.columns[tag] for row in rows]
        )
    except ValueError as error:
        raise InputError(f"{path}, line {rows[0].line}: in this sentence, {error}") from error
    return Sentence(text, spans, rows[0].line)


def _tell_of_torn_tags(path: Path, tags: Sequence[Sequence[tuple[int, str]]]) -> None:
    """Published files have some, so they are read, as CoNLL's own scorer reads them."""
    torn = torn_tags(tags)
    if torn is not None:
        _LOGGER.warning(
            "%s, line %d: %s continues nothing, and is read as the beginning of an entity; "
            "the file has %d such tags",
            path,
            torn.line,
            torn.tag,
            torn.count,
        )


def _sentences(path: Path, lines: Sequence[str], shape: _Shape) -> Iterator[list[_Row]]:
    rows: list[_Row] = []
    for number, line in enumerate([*lines, ""], start=1):
        if not _separates(line):
            if rows or not _is_comment(line, shape):
                rows.append(_Row(number, _columns(f"{path}, line {number}", line, shape)))
        elif rows:
            yield rows
            rows = []


def _separates(line: str) -> bool:
    """Whether a line stands between two sentences."""
    return not line.strip(" \t") or line.startswith(_DOCUMENT)


def _is_comment(line: str, shape: _Shape) -> bool:
    """Whether a line before a sentence is no token: `#` and hashtags are tokens too."""
    if not line.startswith("#"):
        return False
    columns = _split(line, tabs=shape.tabs and "\t" in line)
    return len(columns) != shape.width or not (
        is_tag(columns[-1]) or _MEANT_AS_TAG.fullmatch(columns[-1])
    )


def _split(line: str, *, tabs: bool) -> tuple[str, ...]:
    if tabs:
        return tuple(column.strip(" ") for column in line.rstrip(" \t").split("\t"))
    return tuple(column for column in re.split("[ \t]", line) if column)


def _columns(where: str, line: str, shape: _Shape) -> tuple[str, ...]:
    """The columns of a line, which are as many as in every other.

    Raises:
        InputError: they are not, or the line holds a carriage return.
    """
    if "\r" in line:
        raise InputError(f"{where}: a carriage return within the line")
    columns = _split(line, tabs=shape.tabs)
    if ("\t" in line) != shape.tabs and len(line.split()) > 1:
        ours, others = ("tabs", "blanks") if "\t" in line else ("blanks", "tabs")
        raise InputError(f"{where}: {ours} between columns, but {others} in line {shape.line}")
    if len(columns) < 2 or not columns[0]:
        raise InputError(f"{where}: expected a token and a tag, got {line!r}")
    if len(columns) != shape.width:
        raise InputError(
            f"{where}: {len(columns)} columns, but line {shape.line} has {shape.width}"
        )
    return columns


def _token_column(path: Path, sentences: Sequence[Sequence[_Row]], shape: _Shape) -> int:
    """The first column, or the second where the first counts the tokens of each sentence.

    Raises:
        InputError: the first holds nothing but numbers that do not count them, or what names
            the sentence.
    """
    firsts = [[row.columns[0] for row in sentence] for sentence in sentences]
    problem = f"{path}, line {shape.line}: the first column should be the token, but "
    if shape.width < 3:
        return 0
    if not all(_NUMBER.fullmatch(first) for of in firsts for first in of):
        if max(map(len, firsts)) > 2 and all(len(set(of)) == 1 for of in firsts):
            raise InputError(f"{problem}is the same in all lines of a sentence")
        return 0
    counts = [[int(first) for first in of if first.isdecimal()] for of in firsts]
    begins = 0 if counts[0][:1] == [0] else 1
    counted = all(count == list(range(begins, begins + len(count))) for count in counts)
    if not counted or max(map(len, counts)) < 2:
        raise InputError(f"{problem}holds numbers that do not count the tokens of each sentence")
    return 1


def _tag_column(path: Path, rows: Sequence[_Row], token: int, shape: _Shape) -> int:
    """The last column; of outer and inner entities, the column of the outer.

    Raises:
        InputError: two columns hold tags of entities.
    """
    last = shape.width - 1
    tagged = (is_tag(tag) for row in rows for tag in row.columns[last - 1 :])
    if last - 1 <= token or not all(tagged):
        return last
    before, types = (
        {type_of(row.columns[column]) for row in rows} - {""} for column in (last - 1, last)
    )
    if before <= _CHUNKS:
        return last
    if (token, shape.width) == (1, 4):
        return last - 1  # GermEval 2014
    if types and not before & types:
        return last
    raise InputError(
        f"{path}, line {shape.line}: columns {last} and {last + 1} both hold tags of entities: "
        "leave the one that counts"
    )


def _check_tokens(path: Path, rows: Sequence[_Row], token: int, shape: _Shape) -> None:
    """Refuse a file whose every token holds what is none of its words.

    Raises:
        InputError: a blank, where blanks separate columns as tabs do; or the name of a language.
    """
    tokens = [row.columns[token] for row in rows]
    where = f"{path}, line {shape.line}: every token"
    if shape.tabs and all(" " in word for word in tokens):
        raise InputError(
            f"{where} holds a blank, as {tokens[0]!r}: separate columns by tabs alone or by blanks "
            "alone"
        )
    language = _LANGUAGE.match(tokens[0])
    if len(tokens) > 1 and language and all(word.startswith(language[0]) for word in tokens):
        raise InputError(f"{where} begins with {language[0]!r}: take that away")
