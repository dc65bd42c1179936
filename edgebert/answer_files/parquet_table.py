"""Answers as a Parquet file: the one layout that needs pyarrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from edgebert.answer_files.columns import Columns
from edgebert.answer_files.rows import Row
from edgebert.data.makers import KEY

_ROWS_IN_A_MESSAGE = 256
_ROWS_IN_A_GROUP = 4096
_REPEATED = ["text", "text_pair", "label"]  # a dictionary of floats would only take room and time


class ParquetTable:
    """Rows with typed columns (see `Layout`).

    A Parquet file cannot be cut and gone on with: its foot describes all that stands before. So the
    rows are appended to an Arrow stream, which can, and the Parquet file is made of that at the
    end, in row groups of a fixed size, so that it does not tell where a run was interrupted.
    """

    beside = ""  # the foot of the file carries it

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._schema = _schema(columns)
        self._rows: list[tuple[Any, ...]] = []

    def start(self) -> bytes:
        return bytes(self._schema.serialize())

    def add(self, row: Row) -> bytes:
        self._rows.append(self._columns.cells(row))
        return self.settle() if len(self._rows) == _ROWS_IN_A_MESSAGE else b""

    def settle(self) -> bytes:
        if not self._rows:
            return b""
        arrays = [
            pa.array(values, field.type)
            for values, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
        ]
        self._rows = []
        return bytes(pa.record_batch(arrays, schema=self._schema).serialize())

    def finish(self, spool: Path, result: Path) -> None:
        with (
            spool.open("rb") as source,
            result.open("wb") as sink,  # Python's own file, whose errors say their number
            pa.ipc.open_stream(source) as stream,
            pq.ParquetWriter(sink, self._schema, use_dictionary=_REPEATED) as writer,
        ):
            for group in _groups(stream):
                writer.write_table(group, row_group_size=_ROWS_IN_A_GROUP)
        spool.unlink()


def _groups(batches: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """Tables of `_ROWS_IN_A_GROUP` rows, the last of what is left, whatever the batches are."""
    waiting = batches.schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while waiting.num_rows >= _ROWS_IN_A_GROUP:
            yield waiting.slice(0, _ROWS_IN_A_GROUP).combine_chunks()
            waiting = waiting.slice(_ROWS_IN_A_GROUP)
    if waiting.num_rows:
        yield waiting.combine_chunks()


def _schema(columns: Columns) -> pa.Schema:
    types = {"text": pa.string(), "text_pair": pa.string(), **_types(columns)}
    maker = {KEY: columns.made_by} if columns.made_by else None
    return pa.schema([(name, types[name]) for name in columns.names], maker)


def _types(columns: Columns) -> dict[str, pa.DataType]:
    """The type of each column of an answer."""
    number = pa.float64()
    plain = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "number": number,
        "integer": pa.int64(),
        "integers": pa.list_(pa.int64()),
        "floats": pa.list_(pa.float32()),
        "scores": pa.struct([(label, number) for label in columns.labels]),
    }
    said = {**columns.of_answers, "labels": "texts"}
    return {
        name: _RECORDS[name] if kind == "records" else plain[kind] for name, kind in said.items()
    }


_PLACE = {"start": pa.int64(), "end": pa.int64()}
_NAMED = {"text": pa.string(), "label": pa.string(), "score": pa.float64()}
_GUESS = {"token": pa.string(), "id": pa.int64(), "score": pa.float64(), "text": pa.string()}
_CANDIDATE = {"text": pa.string(), "score": pa.float64()}
_RECORDS = {
    "candidates": pa.list_(pa.struct(list(_CANDIDATE.items()))),
    "entities": pa.list_(pa.struct(list((_NAMED | _PLACE).items()))),
    "fills": pa.list_(pa.struct(list((_GUESS | {"mask": pa.int64()}).items()))),
}
"""Columns that hold a list of records."""
