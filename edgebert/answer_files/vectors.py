"""Embeddings as one NumPy array."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgebert.answer_files.rows import Row

_DTYPE = np.dtype("<f4")


@dataclass(frozen=True)
class Vectors:
    """A .npy file of float32 [n, width] (see `Layout`): each row is appended, the head says `n` last.

    NumPy pads the head, so that it has the same length for any number of rows.
    """

    width: int
    beside: str = ""

    def start(self) -> bytes:
        return self._head(0)

    def add(self, row: Row) -> bytes:
        return np.asarray(row["embedding"], _DTYPE).tobytes()

    def settle(self) -> bytes:
        return b""

    def finish(self, spool: Path, result: Path) -> None:
        rows_bytes = spool.stat().st_size - len(self.start())
        with spool.open("r+b") as stream:
            stream.write(self._head(rows_bytes // (self.width * _DTYPE.itemsize)))
        spool.replace(result)

    def _head(self, rows: int) -> bytes:
        head = io.BytesIO()
        shape = {"descr": _DTYPE.str, "fortran_order": False, "shape": (rows, self.width)}
        np.lib.format.write_array_header_1_0(head, shape)
        return head.getvalue()
