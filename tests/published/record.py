"""What a run leaves behind, for `-o record.json`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edgebert.records.header import Header

SHORT = 2048
"""Tokens up to which an export is held to the lower bound of memory, and to the one of time."""

_SHORT_GB, _LONG_GB = 4.0, 10.0
_CPU_SECONDS = 360.0  # three minutes on two cores; others who use them do not count


@dataclass(frozen=True)
class Row:
    """One checkpoint's export, at one longest input.

    Attributes:
        layers_left: how many layers were kept of a large model; None where all were.
        fused: single operators of each kind, found and expected.
        unfused: what is not one operator, and why.
        refused: the sentence of an export that was not written; "" where it was.
        off_by: largest difference to PyTorch.
        cpu_seconds: of all threads together; `seconds` is what a clock on the wall shows.
        peak_gb: most memory that the process ever had, Python and PyTorch included.
    """

    name: str
    checkpoint: str
    layers_left: int | None
    max_length: int
    fused: dict[str, tuple[int, int]]
    unfused: str
    refused: str
    off_by: float | None
    seconds: float
    cpu_seconds: float
    peak_gb: float

    def broken(self) -> Iterator[str]:
        """A sentence for each bound that does not hold."""
        where = f"{self.name}, {self.max_length} tokens"
        if self.refused:
            yield f"{self.name}: {self.refused}"
        most = _SHORT_GB if self.max_length <= SHORT else _LONG_GB
        if self.peak_gb > most:
            yield f"{where}: {self.peak_gb:.1f} GB, more than {most:g}"
        if self.max_length <= SHORT and self.cpu_seconds > _CPU_SECONDS:
            yield f"{where}: {self.cpu_seconds:.0f} s of CPU time, more than {_CPU_SECONDS:g}"


@dataclass(frozen=True, kw_only=True)
class PublishedRecord(Header):
    """`threads`: that PyTorch may use; onnxruntime takes every core that is granted."""

    record: str = "test-families"
    threads: int
    rows: tuple[Row, ...]
    seconds: float
