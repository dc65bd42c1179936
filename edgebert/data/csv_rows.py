"""Rows of a .csv file: quoted cells, cells of any length, and whose blanks are whose."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from edgebert.errors import InputError

if TYPE_CHECKING:
    from _csv import Reader


class _AnyLength:
    """Lifts the bound on a cell's length while a row is read.

    The csv module has one bound for the whole process: whoever set it finds it again.
    """

    _NONE = 2**31 - 1  # the largest that every platform takes

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside = 0
        self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = csv.field_size_limit(self._NONE)
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                csv.field_size_limit(self._before)


_any_length = _AnyLength()


def csv_rows(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the header and the rows, each with the number of its last line.

    A blank after a comma belongs to the cell, unless each name of the header has one too.

    Raises:
        InputError: a quotation that never ends, or that ends within its cell.
    """
    broken = _broken(lines)
    first = next(broken, None)
    if first is None:
        return
    header = csv.reader(chain([first], broken), strict=True, skipinitialspace=True)
    names = _cells(path, header, before=0)
    yield header.line_num, names or []
    rows = csv.reader(broken, strict=True, skipinitialspace=_has_blanks_after_commas(first))
    before = header.line_num
    while (cells := _cells(path, rows, before)) is not None:
        yield before + rows.line_num, cells


def _cells(path: Path, reader: Reader, before: int) -> list[str] | None:
    """Cells of the next row, None behind the last; `before` lines were read by another reader."""
    begins = before + reader.line_num + 1
    try:
        with _any_length:
            return next(reader, None)
    except csv.Error as error:
        if str(error) == "unexpected end of data":
            raise InputError(
                f"{path}, line {begins}: a quotation mark opens in this row and never closes"
            ) from error
        raise InputError(f"{path}, line {before + reader.line_num}: {error}") from error


def _has_blanks_after_commas(header: str) -> bool:
    with _any_length:
        names = next(csv.reader([header]))
    return len(names) > 1 and all(name.startswith(" ") for name in names[1:])


def _broken(lines: Iterable[str]) -> Iterator[str]:
    """Lines as the csv module wants them: with their ends, and broken at lone carriage returns too."""
    for line in lines:
        if "\r" in line:
            yield from io.StringIO(line + "\n", newline="")
        else:
            yield line + "\n"
