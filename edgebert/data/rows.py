"""Rows of a table, each with the number of the line it came from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from edgebert.data.csv_rows import csv_rows
from edgebert.data.lines import RawLines, stream_lines
from edgebert.errors import InputError, MissingExtra
from edgebert.json_files import parse

Row = tuple[int, dict[str, Any]]

PARQUET = "parquet"
TABLES = ("tsv", "csv", "jsonl", PARQUET)
"""Kinds of files that hold rows."""
TAGGED = ("conll", "conllu", "conllup", "bio", "bioes", "bmes", "iob", "iob2")
"""Kinds of files that hold tokens and tags in columns."""


def file_kind(path: Path) -> str:
    """The ending that says how to read `path`, without the dot and without `.gz`."""
    name = path.name.removesuffix(".gz")
    return Path(name).suffix.removeprefix(".").lower()


def place_of(path: Path, number: int) -> str:
    """How a message about a row begins: the file, and the line it came from."""
    return f"{path}, {'row' if file_kind(path) == PARQUET else 'line'} {number}"


def head_of(path: Path) -> str:
    """How a message about a table's columns begins."""
    return str(path) if file_kind(path) == PARQUET else place_of(path, 1)


def read_rows(path: Path) -> list[Row]:
    """All rows of a table (see `stream_rows`)."""
    return list(stream_rows(path))


def stream_rows(
    path: Path,
    *,
    only: Callable[[Sequence[str]], Sequence[str]] | None = None,
    raw: RawLines = iter,
    rows_before: int = 0,
) -> Iterator[Row]:
    """Yield the rows of a .tsv, .csv, .jsonl or .parquet file as (number, {column: value}).

    Args:
        path: the file.
        only: says which of the columns are wanted; the others of a .parquet file are not read.
        raw, rows_before: as in `stream_texts`.

    Yields:
        The number is that of the row's last line; in a .parquet file, that of the row, from 1.

    Raises:
        InputError: a row that does not fit its header, or a line that is no JSON object.
        MissingExtra: a .parquet file, and pyarrow is not installed.
    """
    kind = file_kind(path)
    if kind == PARQUET:
        yield from _parquet_rows(path, only, rows_before)
    else:
        readers = {"tsv": _tsv_rows, "csv": _csv_rows, "jsonl": _jsonl_rows}
        yield from readers[kind](path, stream_lines(path, raw))


def check_header(path: Path, names: Sequence[str]) -> None:
    """Refuse a table that has two columns of one name.

    Raises:
        InputError: it has.
    """
    for name in names:
        if name and names.count(name) > 1:
            raise InputError(f"{head_of(path)}: two columns are named {name!r}")


def separator_hint(path: Path, header: Sequence[str]) -> str:
    """What may be wrong with a header of a single column, or nothing."""
    right = {"csv": ",", "tsv": "\t"}.get(file_kind(path))
    if right and header[0].startswith("sep="):
        return "; it is a line that Excel alone reads: take it away"
    others = {",", ";", "|", "\t"} - {right}
    if right is None or len(header) != 1 or not any(other in header[0] for other in others):
        return ""
    named = "commas" if right == "," else "tabs"
    return f"; the columns of a .{file_kind(path)} file are separated by {named}"


def _parquet_rows(
    path: Path, only: Callable[[Sequence[str]], Sequence[str]] | None, rows_before: int
) -> Iterator[Row]:
    try:
        from edgebert.data.parquet_rows import parquet_rows
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise MissingExtra(f"reading {path}", "tables") from error

    def wanted(names: Sequence[str]) -> Sequence[str]:
        check_header(path, names)
        return names if only is None else only(names)

    return parquet_rows(path, wanted, rows_before)


def _tsv_rows(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    """Tab-separated without quoting: a quotation mark in a cell is just a character."""
    first = next(lines, None)
    if first is None:
        return
    header = _header(path, first.split("\t"))
    for number, line in enumerate(lines, start=2):
        if line:
            yield number, _row(path, number, header, line.split("\t"))


def _csv_rows(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    rows = csv_rows(path, lines)
    header = _header(path, next(rows, (1, []))[1])
    for number, cells in rows:
        if cells:
            yield number, _row(path, number, header, cells)


def _header(path: Path, names: Sequence[str]) -> list[str]:
    """Names of the columns, without blanks around them."""
    stripped = [name.strip() for name in names]
    check_header(path, stripped)
    return stripped


def _jsonl_rows(path: Path, lines: Iterator[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = parse(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: this is not JSON ({error})") from error
        if not isinstance(value, dict):
            raise InputError(f"{path}, line {number}: expected a JSON object, one to a line")
        if "\\u" in line:
            _refuse_lone_surrogates(path, number, value)
        yield number, value


def _refuse_lone_surrogates(path: Path, number: int, value: dict[str, Any]) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f"{path}, line {number}: holds a lone surrogate, so it is not Unicode text"
        ) from error


def _row(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(header):
        raise InputError(
            f"{path}, line {number}: {len(cells)} columns, but the header has {len(header)} "
            f"({', '.join(header)}){separator_hint(path, header)}"
        )
    return dict(zip(header, cells, strict=True))
