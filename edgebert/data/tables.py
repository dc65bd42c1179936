"""Tables: which columns hold texts, labels and scores, and their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from edgebert.data.entities import is_tag, spans_of_row
from edgebert.data.examples import Examples, Text
from edgebert.data.questions import answers_of_row
from edgebert.data.rows import Row, head_of, place_of, read_rows, separator_hint, stream_rows
from edgebert.data.scores import SCORE_COLUMNS, score_of
from edgebert.data.triplets import (
    ANCHORED,
    negative_columns,
    negatives_of_row,
    refuse_half_a_pair,
)
from edgebert.errors import InputError

T = TypeVar("T")

TEXT_COLUMNS = ("text", "sentence")
PAIR_COLUMNS = (
    ("text", "text_pair"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
    ("question", "context"),
    ANCHORED,
)
TAGGED_COLUMNS = (("tokens", "tags"), ("tokens", "ner_tags"))
LABEL_COLUMNS = ("label", "labels", "intent")


def read_table(path: Path, text_column: str | None, label_column: str | None) -> Examples:
    """Read a .tsv, .csv, .jsonl or .parquet file (see `read_examples`)."""
    rows = read_rows(path)
    if not rows:
        raise InputError(f"{path} holds no text")
    lines, cells = tuple(line for line, _ in rows), tuple(cells for _, cells in rows)
    columns = tuple(dict.fromkeys(name for row in cells for name in row))  # of .jsonl, all rows'
    text_columns = _text_columns(path, columns, text_column)
    if text_columns in TAGGED_COLUMNS:
        tagged = (spans_of_row(path, row, text_columns) for row in rows)
        texts, entities = zip(*tagged, strict=True)
        return Examples(path, texts, entities=entities, columns=columns, cells=cells, lines=lines)
    labels = _named_or_first(path, columns, label_column, LABEL_COLUMNS)
    score = _first(columns, SCORE_COLUMNS) if len(text_columns) == 2 else None
    answered = text_columns == ("question", "context") and "answers" in columns
    anchored, wrong = text_columns == ANCHORED, negative_columns(columns)
    return Examples(
        path,
        texts=tuple(_text(path, row, text_columns) for row in rows),
        labels=_column(path, rows, labels, _labels) if labels else None,
        label_lists=labels is not None and any(isinstance(row.get(labels), list) for row in cells),
        scores=_column(path, rows, score, score_of) if score else None,
        answers=tuple(answers_of_row(path, row) for row in rows) if answered else None,
        negatives=tuple(negatives_of_row(path, row, wrong) for row in rows) if anchored else None,
        columns=columns,
        cells=cells,
        lines=lines,
    )


def stream_table_texts(path: Path, text_column: str | None) -> Iterator[Text]:
    """Yield the texts of a table one at a time (see `stream_texts`)."""
    text_columns: tuple[str, ...] = ()
    columns: dict[str, Any] = {}
    for row in stream_rows(path, only=lambda names: _text_columns(path, names, text_column)):
        if not row[1].keys() <= columns.keys():
            columns |= row[1]
            before, text_columns = text_columns, _text_columns(path, tuple(columns), text_column)
            if before not in ((), text_columns):
                raise InputError(
                    f"{place_of(path, row[0])}: its texts are in {_listed(text_columns)}, those of "
                    f"the rows before in {_listed(before)}"
                )
        if text_columns in TAGGED_COLUMNS:
            yield spans_of_row(path, row, text_columns)[0]
        else:
            yield _text(path, row, text_columns)


def _text_columns(path: Path, columns: Sequence[str], named: str | None) -> tuple[str, ...]:
    """The column of the texts, or the two that belong together."""
    if named is None:
        for pair in (*TAGGED_COLUMNS, *PAIR_COLUMNS):
            if set(pair) <= set(columns):
                return pair
    found = _named_or_first(path, columns, named, TEXT_COLUMNS)
    if found is None:
        refuse_half_a_pair(path, columns)
        raise InputError(
            f"{head_of(path)}: no column named {' or '.join(map(repr, TEXT_COLUMNS))}; "
            f"columns found: {', '.join(columns)}{separator_hint(path, columns)}. "
            f"{_way_out(columns)}"
        )
    return (found,)


def _way_out(columns: Sequence[str]) -> str:
    if is_tag(columns[-1]):  # there is no header: its first line is a token
        return "Tokens with tags belong into a .conll file"
    return "Call yours 'text', or name it with --text-column where the command takes that"


def _listed(columns: Sequence[str]) -> str:
    return " and ".join(map(repr, columns))


def _named_or_first(
    path: Path, columns: Sequence[str], named: str | None, known: Sequence[str]
) -> str | None:
    if named is None:
        return _first(columns, known)
    if named not in columns:
        raise InputError(
            f"{head_of(path)}: no column named {named!r}; columns found: {', '.join(columns)}"
        )
    return named


def _first(columns: Sequence[str], known: Sequence[str]) -> str | None:
    return next((name for name in known if name in columns), None)


def _cell(path: Path, row: Row, column: str) -> Any:
    number, cells = row
    if cells.get(column) is None:
        raise InputError(f"{place_of(path, number)}: no '{column}'")
    return cells[column]


def _text(path: Path, row: Row, columns: tuple[str, ...]) -> Text:
    cells = [_cell(path, row, column) for column in columns]
    for column, cell in zip(columns, cells, strict=True):
        if not isinstance(cell, str):
            raise InputError(
                f"{place_of(path, row[0])}: '{column}' should be text, not {type(cell).__name__}"
            )
    return cells[0] if len(cells) == 1 else (cells[0], cells[1])


def _column(
    path: Path, rows: Sequence[Row], column: str, convert: Callable[[Any], T]
) -> tuple[T, ...]:
    values = []
    for row in rows:
        value = _cell(path, row, column)
        try:
            values.append(convert(value))
        except ValueError as error:
            raise InputError(f"{place_of(path, row[0])}: '{column}' {error}") from error
    return tuple(values)


def _labels(value: Any) -> tuple[str, ...]:
    """Label names of one row: those of a list, or the whole cell as one."""
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str | int | float) for name in names):
        raise ValueError(f"should be a name, a number or a list of them, not {value!r}")
    stripped = tuple(str(name).strip() for name in names)
    missing = any(isinstance(name, float) and math.isnan(name) for name in names)
    if missing or not all(stripped):
        raise ValueError("is empty")
    return stripped
