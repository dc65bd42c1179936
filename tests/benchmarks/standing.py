"""Where edgebert stands: its int8 bundle against the fastest of the others, win or loss."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.record import PeersRecord

_OWN, _INT8 = "edgebert_", "edgebert_int8"


@dataclass(frozen=True)
class Column:
    """One thing that was measured of every peer.

    Attributes:
        title: what it is.
        unit: texts/s, or ms.
        values: of each peer that was measured, by name.
    """

    title: str
    unit: str
    values: Mapping[str, float]

    def speed(self, peer: str) -> float:
        """More is better, whatever the unit."""
        return 1 / self.values[peer] if self.unit == "ms" else self.values[peer]

    @property
    def fastest(self) -> str:
        return max(self.values, key=self.speed)


@dataclass(frozen=True)
class Standing:
    """`ratio` over 1: edgebert is that much faster than `rival`, the fastest of the others."""

    column: Column
    rival: str
    ratio: float


def throughput_columns(record: PeersRecord) -> list[Column]:
    """Texts a second through each text set, in the fastest round."""
    return [
        Column(
            one.title,
            "texts/s",
            {row.peer: row.texts_per_s for row in record.throughput if row.texts == one.name},
        )
        for one in record.text_sets
    ]


def latency_columns(record: PeersRecord, threads: int) -> list[Column]:
    """Milliseconds of a single request of each length, in the fastest run."""
    rows = [row for row in record.latency if row.threads == threads]
    return [
        Column(
            f"request of {length} tokens, {threads} thread{'s' * (threads > 1)}",
            "ms",
            {row.peer: row.min_ms for row in rows if row.length == length},
        )
        for length in dict.fromkeys(row.length for row in rows)
    ]


def request_columns(record: PeersRecord) -> list[Column]:
    """Those of `latency_columns` on every number of threads that was measured."""
    counts = sorted({row.threads for row in record.latency})
    return [column for threads in counts for column in latency_columns(record, threads)]


def is_own(peer: str) -> bool:
    return peer.startswith(_OWN)


def ours(record: PeersRecord) -> str:
    """The int8 bundle as edgebert runs it best: the last one of those that ran."""
    ran = {row.peer for row in record.throughput} | {row.peer for row in record.latency}
    found = [p.name for p in record.peers if p.name.startswith(_INT8) and p.name in ran]
    return found[-1] if found else _INT8


def standings(columns: Iterable[Column], own: str) -> list[Standing]:
    """One for each column that holds the peer `own` of edgebert and somebody else's."""
    found = []
    for column in columns:
        others = [peer for peer in column.values if not is_own(peer)]
        if own in column.values and others:
            rival = max(others, key=column.speed)
            found.append(Standing(column, rival, column.speed(own) / column.speed(rival)))
    return found


def titles(record: PeersRecord) -> dict[str, str]:
    return {peer.name: peer.title for peer in record.peers}
