"""What a run of the benchmark leaves behind: peers.json."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.header import Header
from edgebert.records.timed import Noise


@dataclass(frozen=True)
class Contestant:
    """A peer. `failure` says why it did not run, or stopped; an empty one that all went well."""

    name: str
    title: str
    precision: str
    versions: dict[str, str]
    size_bytes: int | None = None
    failure: str = ""


@dataclass(frozen=True)
class TextSet:
    """Texts that were embedded; `tokens` are those the max length leaves, padding not counted."""

    name: str
    title: str
    texts: int
    tokens: int


@dataclass(frozen=True)
class Throughput:
    """One peer on one text set, from texts to vectors, in the best of its configurations.

    Attributes:
        way: the one that the sweep chose, with the order of the texts.
        seconds: of each round.
        cosine_mean: to the vectors of fp32 PyTorch, as `cosine_min`; None where that did not run.
        peak_fraction: least time at the measured peak over the time taken (`min_s`).
        neighbours_cosine_min: the least cosine between a text's vector here and its vector when the
            same texts come in another order: what other neighbours do to it.
    """

    peer: str
    texts: str
    way: str
    seconds: tuple[float, ...]
    min_s: float
    median_s: float
    texts_per_s: float
    cosine_mean: float | None
    cosine_min: float | None
    neighbours_cosine_min: float | None
    peak_fraction: float


@dataclass(frozen=True)
class Latency:
    """One peer on single requests of one length."""

    peer: str
    length: int
    threads: int
    setting: str
    runs: int
    min_ms: float
    median_ms: float
    cosine: float | None
    peak_fraction: float


@dataclass(frozen=True)
class Trial:
    """One configuration of the sweep. `on`: a text set, or threads of single requests."""

    peer: str
    on: str
    configuration: str
    seconds: float
    chosen: bool


@dataclass(frozen=True)
class Probe:
    """One way to reach for the hardware's peak, and how far it got (10^9 operations a second)."""

    precision: str
    how: str
    cores: int
    gops: float


@dataclass(frozen=True, kw_only=True)
class PeersRecord(Header):
    """All of it. Peaks are the best of `probes`, taken before and after the rounds."""

    record: str = "bench-peers"
    quick: bool
    cores: int
    max_length: int
    peers: tuple[Contestant, ...]
    text_sets: tuple[TextSet, ...]
    throughput: tuple[Throughput, ...]
    latency: tuple[Latency, ...]
    sweep: tuple[Trial, ...]
    probes: tuple[Probe, ...]
    noise: Noise
    seconds: float
