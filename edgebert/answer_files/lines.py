"""Answers as lines of text: JSON Lines and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.answer_files.columns import Columns
from edgebert.answer_files.rows import Row, to_json
from edgebert.data.makers import KEY


@dataclass(frozen=True)
class Lines:
    """Each row is a line as soon as it is there (see `Layout`).

    Attributes:
        head: the line before the first row, or nothing.
        line: turns a row into its line.
        beside: see `Layout`.
    """

    head: str
    line: Callable[[Row], str]
    beside: str = ""

    def start(self) -> bytes:
        return self.head.encode()

    def add(self, row: Row) -> bytes:
        return self.line(row).encode()

    def settle(self) -> bytes:
        return b""

    def finish(self, spool: Path, result: Path) -> None:
        spool.replace(result)


def json_lines(columns: Columns) -> Lines:
    """An object a row, each with the fingerprint of its maker."""
    maker = {KEY: columns.made_by} if columns.made_by else {}
    return Lines("", lambda row: to_json(row | maker) + "\n")


def csv_lines(columns: Columns) -> Lines:
    """A header, then a line a row; what is neither text nor number is JSON in its cell.

    Vectors get their fingerprint beside the file: they may be searched or mixed later.
    """
    head = _csv_line(columns.names)
    beside = columns.made_by if columns.task.vectors else ""
    return Lines(head, lambda row: _csv_line(columns.cells(row)), beside)


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    # Text is quoted always: else Python before 3.13 writes a lone carriage return without.
    writer = csv.writer(line, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow([v if isinstance(v, str | int | float) else to_json(v) for v in values])
    return line.getvalue()
