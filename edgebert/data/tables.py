"""Tables: the values of the columns that hold texts, labels, scores and answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from edgebert.data.columns import (
    ANSWERS,
    LABEL_COLUMNS,
    Columns,
    TextColumns,
    first_of,
    require_column,
    text_columns,
)
from edgebert.data.entities import Span, spans_of_row
from edgebert.data.examples import Examples, Text
from edgebert.data.lines import RawLines
from edgebert.data.questions import answers_of_row, are_answers
from edgebert.data.rows import Row, place_of, read_rows, stream_rows
from edgebert.data.scores import SCORE_COLUMNS, score_of
from edgebert.data.triplets import ANCHORED, negative_columns, negatives_of_row
from edgebert.errors import InputError

T = TypeVar("T")


def read_table(path: Path, columns: Columns | None) -> Examples:
    """Read a .tsv, .csv, .jsonl or .parquet file (see `read_examples`)."""
    rows = read_rows(path)
    if not rows:
        raise InputError(f"{path} holds no text")
    lines, cells = tuple(line for line, _ in rows), tuple(cells for _, cells in rows)
    names = tuple(dict.fromkeys(name for row in cells for name in row))  # of .jsonl, all rows'
    found = text_columns(path, names, columns)
    label = columns.label if columns else None
    if label is not None:
        require_column(path, names, label)
    examples = partial(Examples, path, columns=names, named=columns, cells=cells, lines=lines)
    if _are_tokens(found, cells[0]):
        texts, entities = zip(*(_tagged(path, row, found) for row in rows), strict=True)
        return examples(texts=texts, entities=entities)
    answers = _answers_column(found, names, label, cells)
    told = [answers_of_row(path, row, answers) for row in rows] if answers else []
    if label == answers:
        label = None
    labels = label or first_of(names, LABEL_COLUMNS)
    score = _score_column(found, names, label, cells)
    wrong = _negative_columns(found, names, columns)
    return examples(
        texts=tuple(_text(path, row, found.texts) for row in rows),
        labels=_column(path, rows, labels, _labels) if labels else None,
        label_lists=labels is not None and any(isinstance(row.get(labels), list) for row in cells),
        scores=_column(path, rows, score, score_of) if score else None,
        answers=tuple(texts for texts, _ in told) if answers else None,
        answer_starts=tuple(starts for _, starts in told) if answers else None,
        negatives=None
        if wrong is None
        else tuple(negatives_of_row(path, row, found.texts, wrong) for row in rows),
    )


def stream_table_texts(
    path: Path, columns: Columns | None, raw: RawLines = iter, rows_before: int = 0
) -> Iterator[Text]:
    """Yield the texts of a table one at a time (see `stream_texts`)."""
    found: TextColumns | None = None
    names: dict[str, Any] = {}
    rows = stream_rows(
        path,
        only=lambda names: text_columns(path, names, columns).all,
        raw=raw,
        rows_before=rows_before,
    )
    for row in rows:
        if not row[1].keys() <= names.keys():
            names |= row[1]
            before, found = found, text_columns(path, tuple(names), columns)
            if before is not None and before.texts != found.texts:
                raise InputError(
                    f"{place_of(path, row[0])}: its texts are in {found}, those of "
                    f"the rows before in {before}"
                )
        assert found is not None  # a row has columns
        if _are_tokens(found, row[1]):
            yield _tagged(path, row, found)[0]
        else:
            yield _text(path, row, found.texts)


def _are_tokens(found: TextColumns, cells: dict[str, Any]) -> bool:
    """Whether the texts are tokens with tags, as the cells of a row say."""
    return found.sure or (found.tags is not None and isinstance(cells.get(found.texts[0]), list))


def _tagged(path: Path, row: Row, found: TextColumns) -> tuple[str, tuple[Span, ...]]:
    assert found.tags is not None
    return spans_of_row(path, row, (found.texts[0], found.tags))


def _negative_columns(
    found: TextColumns, names: Sequence[str], columns: Columns | None
) -> tuple[str, ...] | None:
    """The columns of texts that do not belong to the first of a pair; None where no pair does."""
    wrong = negative_columns(names)
    named = columns is not None and columns.pair is not None and bool(wrong)
    return wrong if named or found.texts == ANCHORED else None


def _answers_column(
    found: TextColumns, names: Sequence[str], label: str | None, cells: Sequence[dict[str, Any]]
) -> str | None:
    """The column of the answers to questions about contexts; None where there is none."""
    name = label or (ANSWERS if ANSWERS in names else None)
    if name is None or len(found.texts) != 2:
        return None
    usual = found.texts == ("question", "context") and name == ANSWERS
    return name if usual or are_answers(row.get(name) for row in cells) else None


def _score_column(
    found: TextColumns, names: Sequence[str], label: str | None, cells: Sequence[dict[str, Any]]
) -> str | None:
    """The column of the similarity of pairs: the one that was named, if it holds numbers alone."""
    if len(found.texts) != 2:
        return None
    if label is not None and all(_is_number(row.get(label)) for row in cells):
        return label
    return first_of(names, SCORE_COLUMNS)


def _is_number(cell: Any) -> bool:
    try:
        return math.isfinite(score_of(cell))
    except ValueError:
        return False


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
