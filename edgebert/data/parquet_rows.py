"""Rows of a Parquet file, a batch at a time: the one reader that needs pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from edgebert.errors import InputError
from edgebert.git_lfs import refuse_pointer

_ROWS_AT_ONCE = 256
_BUFFER_BYTES = 1 << 16  # read within a column, which may be as large as the file


def parquet_rows(
    path: Path, only: Callable[[Sequence[str]], Sequence[str]], rows_before: int = 0
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows of a Parquet file; memory does not grow with their number.

    Args:
        path: the file.
        only: says which of its columns are read.
        rows_before: that are passed over; row groups that end before are not read.

    Yields:
        The number of the row, from 1, and its cells by their columns' names.

    Raises:
        InputError: the file cannot be read, or a cell of it is not UTF-8 text.
    """
    if path.suffix == ".gz":
        raise InputError(f"{path}: a .parquet file is compressed inside; it cannot be gzipped too")
    refuse_pointer(path)
    number = rows_before
    try:
        with pq.ParquetFile(path, buffer_size=_BUFFER_BYTES) as file:
            names = list(only(file.schema_arrow.names))
            for batch in _batches(file, names, rows_before):
                for cells in _cells(path, batch, number):
                    number += 1
                    yield number, cells
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {_reason(error)}") from error


def parquet_metadata(path: Path) -> dict[str, str]:
    """What stands in the foot of a Parquet file beside its columns.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            found = file.schema_arrow.metadata or {}
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read: {_reason(error)}") from error
    return {key.decode(): value.decode("utf-8", "replace") for key, value in found.items()}


def _batches(
    file: pq.ParquetFile, columns: list[str], rows_before: int
) -> Iterator[pa.RecordBatch]:
    """A few rows at a time; each row group by itself, because a reader keeps some bytes a row."""
    left = rows_before
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        if left >= rows:
            left -= rows
            continue
        for batch in file.iter_batches(_ROWS_AT_ONCE, [group], columns, use_threads=False):
            passed = min(left, batch.num_rows)
            left -= passed
            if passed < batch.num_rows:
                yield batch.slice(passed)


def _cells(path: Path, batch: pa.RecordBatch, before: int) -> Iterator[dict[str, Any]]:
    """Cells of each row of a batch that `before` rows come before."""
    try:
        yield from batch.to_pylist()
    except UnicodeDecodeError:
        for row in range(batch.num_rows):
            try:
                yield batch.slice(row, 1).to_pylist()[0]
            except UnicodeDecodeError as error:
                where = f"{path}, row {before + row + 1}"
                raise InputError(f"{where}: this is not UTF-8 text") from error


def _reason(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return strerror or str(error).strip().splitlines()[0]
