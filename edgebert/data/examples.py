"""A file of texts, with whatever labels, scores or entities stand beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from edgebert.data.entities import Span, read_conll, spans_of_row
from edgebert.data.rows import Row, file_kind, read_lines, read_rows
from edgebert.errors import InputError

T = TypeVar("T")
Text = str | tuple[str, str]
"""One text, or a pair of texts that are read together."""

TEXT_COLUMNS = ("text", "sentence")
PAIR_COLUMNS = (
    ("text", "text_pair"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("premise", "hypothesis"),
    ("question1", "question2"),
)
LABEL_COLUMNS = ("label", "labels", "intent")
SCORE_COLUMNS = ("score", "relatedness_score")


@dataclass(frozen=True)
class Examples:
    """Texts of one file, in order. What the file does not hold is None.

    Attributes:
        labels: for each text its label names (one, unless the task is multi-label).
        scores: for each pair of texts its similarity.
        entities: for each text its entities as character spans.
    """

    path: Path
    texts: tuple[Text, ...]
    labels: tuple[tuple[str, ...], ...] | None = None
    scores: tuple[float, ...] | None = None
    entities: tuple[tuple[Span, ...], ...] | None = None
    columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> Examples:
        """These rows, in this order, with whatever stands beside them."""

        def chosen(values: tuple[T, ...]) -> tuple[T, ...]:
            return tuple(values[row] for row in rows)

        return replace(
            self,
            texts=chosen(self.texts),
            labels=self.labels and chosen(self.labels),
            scores=self.scores and chosen(self.scores),
            entities=self.entities and chosen(self.entities),
        )

    def single_texts(self) -> list[str]:
        """Every text by itself: the two sides of a pair one after the other."""
        sides = [(t,) if isinstance(t, str) else t for t in self.texts]
        return [side for text in sides for side in text]

    def require_labels(self) -> tuple[tuple[str, ...], ...]:
        if self.labels is None:
            raise self._missing("a 'label' column")
        return self.labels

    def require_scored_pairs(self) -> tuple[tuple[tuple[str, str], ...], tuple[float, ...]]:
        if self.scores is None:
            raise self._missing("two texts ('sentence1', 'sentence2') and a 'score' column")
        pairs = tuple(text for text in self.texts if isinstance(text, tuple))
        return pairs, self.scores

    def require_entities(self) -> tuple[tuple[Span, ...], ...]:
        if self.entities is None:
            raise self._missing("CoNLL lines (token, tag) or JSONL with 'tokens' and 'tags'")
        return self.entities

    def _missing(self, expected: str) -> InputError:
        found = f"columns found: {', '.join(self.columns)}" if self.columns else "none found"
        return InputError(f"{self.path}, line 1: expected {expected}; {found}")


def read_examples(
    path: Path, *, text_column: str | None = None, label_column: str | None = None
) -> Examples:
    """Read texts (.txt), a table (.tsv, .csv, .jsonl) or tagged tokens (.conll); `.gz` of each.

    In a .txt file every line is a text, an empty line an empty text. In a table the text column
    is `text` or `sentence`, or two columns that belong together (`sentence1`, `sentence2`).

    Raises:
        InputError: the file cannot be read, is empty, or a column or value is not as expected;
            the message names the line.
    """
    kind = file_kind(path)
    if kind == "txt":
        examples = Examples(path, tuple(read_lines(path)))
    elif kind == "conll":
        texts, entities = read_conll(path)
        examples = Examples(path, tuple(texts), entities=tuple(entities))
    elif kind in ("tsv", "csv", "jsonl"):
        examples = _read_table(path, text_column, label_column)
    else:
        raise InputError(f"{path}: expected a .txt, .tsv, .csv, .jsonl or .conll file (or its .gz)")
    if not examples.texts:
        raise InputError(f"{path} holds no text")
    return examples


def _read_table(path: Path, text_column: str | None, label_column: str | None) -> Examples:
    rows = read_rows(path)
    if not rows:
        raise InputError(f"{path} holds no text")
    columns = tuple(rows[0][1])
    if text_column is None and {"tokens", "tags"} <= set(columns):
        texts, entities = zip(*(spans_of_row(path, row) for row in rows), strict=True)
        return Examples(path, texts, entities=entities, columns=columns)
    text_columns = _text_columns(path, columns, text_column)
    labels = _named_or_first(path, columns, label_column, LABEL_COLUMNS)
    score = _first(columns, SCORE_COLUMNS) if len(text_columns) == 2 else None
    return Examples(
        path,
        texts=tuple(_text(path, row, text_columns) for row in rows),
        labels=_column(path, rows, labels, _labels) if labels else None,
        scores=_column(path, rows, score, _score) if score else None,
        columns=columns,
    )


def _text_columns(path: Path, columns: Sequence[str], named: str | None) -> tuple[str, ...]:
    if named is None:
        for pair in PAIR_COLUMNS:
            if set(pair) <= set(columns):
                return pair
    found = _named_or_first(path, columns, named, TEXT_COLUMNS)
    if found is None:
        raise InputError(
            f"{path}, line 1: no column named {' or '.join(map(repr, TEXT_COLUMNS))}; "
            f"columns found: {', '.join(columns)}. Name yours with --text-column"
        )
    return (found,)


def _named_or_first(
    path: Path, columns: Sequence[str], named: str | None, known: Sequence[str]
) -> str | None:
    if named is None:
        return _first(columns, known)
    if named not in columns:
        raise InputError(
            f"{path}, line 1: no column named {named!r}; columns found: {', '.join(columns)}"
        )
    return named


def _first(columns: Sequence[str], known: Sequence[str]) -> str | None:
    return next((name for name in known if name in columns), None)


def _cell(path: Path, row: Row, column: str) -> Any:
    number, cells = row
    if cells.get(column) is None:
        raise InputError(f"{path}, line {number}: no '{column}'")
    return cells[column]


def _text(path: Path, row: Row, columns: tuple[str, ...]) -> Text:
    cells = [_cell(path, row, column) for column in columns]
    for column, cell in zip(columns, cells, strict=True):
        if not isinstance(cell, str):
            raise InputError(
                f"{path}, line {row[0]}: '{column}' should be text, not {type(cell).__name__}"
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
            raise InputError(f"{path}, line {row[0]}: '{column}' {error}") from error
    return tuple(values)


def _labels(value: Any) -> tuple[str, ...]:
    """Label names of one row; several of a multi-label task are separated by `|`."""
    names = value if isinstance(value, list) else str(value).split("|")
    if not all(str(name).strip() for name in names):
        raise ValueError("is empty")
    return tuple(str(name).strip() for name in names)


def _score(value: Any) -> float:
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"should be a number, not {value!r}")
    return score
