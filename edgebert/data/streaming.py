"""Texts of a file one at a time, for runs over more of them than fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgebert.data.columns import Columns, has_columns, refuse_without_columns
from edgebert.data.examples import Text
from edgebert.data.lines import RawLines, stream_lines
from edgebert.data.reading import read_examples
from edgebert.data.rows import file_kind, place_of, stream_rows
from edgebert.data.tables import stream_table_texts


def stream_texts(
    path: Path, *, columns: Columns | None = None, raw: RawLines = iter, rows_before: int = 0
) -> Iterator[Text]:
    """Yield the texts that `read_examples` would read; they are all texts, or all pairs.

    Of .txt, .tsv, .csv, .jsonl and .parquet files one row (of .parquet, a few hundred) is in memory
    at a time. Files that make sense only as a whole (.json, .conll, a folder) are read whole.

    Args:
        path: the file.
        columns: names of a table's columns where they are not the usual ones.
        raw: takes the lines of a file of lines from its bytes; by default all of them.
        rows_before: of a .parquet file, that are passed over.

    Raises:
        InputError: the file cannot be read, or a column or value is not as expected; the message
            names the line, and comes when that line is reached.
        MissingExtra: a .parquet file, and pyarrow is not installed.
    """
    kind = file_kind(path)
    refuse_without_columns(columns, [path])
    if has_columns(path):
        yield from stream_table_texts(path, columns, raw, rows_before)
    elif kind == "txt" and not path.is_dir():
        yield from stream_lines(path, raw)
    else:
        yield from read_examples(path).texts


def stream_places(path: Path) -> Iterator[str]:
    """Yield where each of the texts that `stream_texts` yields stands: how a message begins."""
    kind = file_kind(path)
    if has_columns(path):
        for number, _ in stream_rows(path, only=lambda names: names[:1]):
            yield place_of(path, number)
    elif kind == "txt" and not path.is_dir():
        for number, _ in enumerate(stream_lines(path), start=1):
            yield place_of(path, number)
    else:
        examples = read_examples(path)
        yield from map(examples.where, range(len(examples)))
