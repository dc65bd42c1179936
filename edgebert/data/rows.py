"""Lines and rows of a file, each with the line number it came from."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgebert.errors import InputError

Row = tuple[int, dict[str, Any]]


def file_kind(path: Path) -> str:
    """The ending that says how to read `path`, without the dot and without `.gz`."""
    name = path.name.removesuffix(".gz")
    return Path(name).suffix.removeprefix(".").lower()


def read_lines(path: Path) -> list[str]:
    """All lines of a UTF-8 file, gzipped or not, without their line ends.

    Only line feeds end a line: text may hold other characters that `str.splitlines` breaks at.

    Raises:
        InputError: the file cannot be read, or is not UTF-8 (the message says at which line).
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: this is not UTF-8 text") from error
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def read_rows(path: Path) -> list[Row]:
    """Rows of a .tsv, .csv or .jsonl file as (line number, {column: value}).

    Raises:
        InputError: a row that does not fit its header, or a line that is no JSON object.
    """
    lines = read_lines(path)
    readers = {"tsv": _tsv_rows, "csv": _csv_rows, "jsonl": _jsonl_rows}
    return list(readers[file_kind(path)](path, lines))


def _tsv_rows(path: Path, lines: list[str]) -> Iterator[Row]:
    """Tab-separated without quoting: a quotation mark in a cell is just a character."""
    if not lines:
        return
    header = _header(path, lines[0].split("\t"))
    for number, line in enumerate(lines[1:], start=2):
        if line:
            yield number, _row(path, number, header, line.split("\t"))


def _csv_rows(path: Path, lines: list[str]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO("\n".join(lines), newline=""), strict=True)
    try:
        header = _header(path, next(reader, []))
        for cells in reader:
            if cells:
                yield reader.line_num, _row(path, reader.line_num, header, cells)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from error


def _jsonl_rows(path: Path, lines: list[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
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


def _header(path: Path, names: list[str]) -> list[str]:
    for name in names:
        if name and names.count(name) > 1:
            raise InputError(f"{path}, line 1: two columns are named {name!r}")
    return names


def _row(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, Any]:
    if len(cells) != len(header):
        raise InputError(
            f"{path}, line {number}: {len(cells)} columns, but the header has {len(header)} "
            f"({', '.join(header)})"
        )
    return dict(zip(header, cells, strict=True))
