"""How answers are laid out in a file, by the ending of its name."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Protocol

from edgebert.answer_files.columns import Columns
from edgebert.answer_files.rows import Row
from edgebert.errors import InputError, MissingExtra
from edgebert.tasks import Task

_ENDINGS = (".jsonl", ".csv", ".npy", ".parquet")


class Layout(Protocol):
    """Turns rows into bytes that are appended to a file, in memory that does not grow with them."""

    @property
    def beside(self) -> str:
        """The fingerprint that belongs beside the file; "" where the file itself carries it."""

    def start(self) -> bytes:
        """What stands before the first row."""

    def add(self, row: Row) -> bytes:
        """The bytes of a row; none or those of earlier ones too, where rows are written together."""

    def settle(self) -> bytes:
        """The bytes of all rows that `add` kept back."""

    def finish(self, spool: Path, result: Path) -> None:
        """Make `result` of a file that holds all the bytes; `spool` goes once `result` is whole."""


def check_output(path: Path, task: Task) -> None:
    """Look whether answers can be written to a file of this name, before any work is done.

    Raises:
        InputError: its ending says no format that holds the answers of this task.
        MissingExtra: the format needs packages that are not installed.
    """
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        known = f"{', '.join(_ENDINGS[:-1])} or {_ENDINGS[-1]}"
        raise InputError(f"{path}: expected a name that ends in {known}")
    if ending == ".npy" and not task.dense:
        raise InputError(f"{path}: only embeddings fit into .npy; choose .jsonl, .csv or .parquet")
    if ending == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise MissingExtra(f"writing {path}", "tables")


def holds_failures(path: Path) -> bool:
    """Whether a file of this name can say of a text that it has no answer, and why."""
    return path.suffix.lower() == ".jsonl"


def open_layout(path: Path, columns: Columns) -> Layout:
    """The layout of a file whose name `check_output` found good."""
    ending = path.suffix.lower()
    if ending == ".parquet":
        from edgebert.answer_files.parquet_table import ParquetTable

        return ParquetTable(columns)
    if ending == ".npy":
        from edgebert.answer_files.vectors import Vectors

        return Vectors(columns.width, columns.made_by)
    from edgebert.answer_files.lines import csv_lines, json_lines

    return csv_lines(columns) if ending == ".csv" else json_lines(columns)
