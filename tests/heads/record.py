"""What a run leaves behind, for `-o record.json`."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.header import Header


@dataclass(frozen=True)
class HeadRow:
    """One model, by its checkpoint and by its int8 bundle, in points.

    Attributes:
        broken: a sentence for each promise that does not hold.
        seconds: training and quantizing too, where the cache had none.
    """

    name: str
    metric: str
    reference: float
    candidate: float
    broken: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class HeadsRecord(Header):
    """A run."""

    record: str = "test-heads"
    rows: tuple[HeadRow, ...]
