"""What a run leaves behind: servers under loads, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from edgebert.records.header import Header
from edgebert.records.timed import Noise

APART, TOGETHER = "apart", "together"
"""Placements: a core for the server and one for its load, or two for both."""

INT8, FP32 = "edgebert-int8", "edgebert-fp32"
THREADS_INT8, THREADS_FP32 = "threads-int8", "threads-fp32"
TORCH, OPTIMUM = "infinity-torch", "infinity-optimum"
SENTENCE_TRANSFORMERS = "sentence-transformers"
IN_PROCESS = "in-process-int8"


@dataclass(frozen=True)
class Load:
    """What one server did in one round of one load.

    Attributes:
        rate: requests answered a second.
        p99_ms: None where it was not kept.
        cpu_ms: CPU time of the server for a request.
        failed: requests that were not answered by 200.
    """

    rate: float
    p50_ms: float
    p99_ms: float | None
    cpu_ms: float
    failed: int = 0


@dataclass(frozen=True)
class Loads:
    """One server under one load, in all rounds.

    Attributes:
        server: by name.
        placement: `APART` or `TOGETHER`.
        texts: of a request.
        connections: at the same time.
    """

    server: str
    placement: str
    texts: int
    connections: int
    rounds: tuple[Load, ...]

    @property
    def rate(self) -> float:
        """Requests a second in the fastest round."""
        return max(each.rate for each in self.rounds)

    @property
    def median_rate(self) -> float:
        return median(each.rate for each in self.rounds)

    @property
    def p50_ms(self) -> float:
        return min(each.p50_ms for each in self.rounds)

    @property
    def p99_ms(self) -> float | None:
        kept = [each.p99_ms for each in self.rounds if each.p99_ms is not None]
        return min(kept, default=None)

    @property
    def cpu_ms(self) -> float:
        return min(each.cpu_ms for each in self.rounds)

    @property
    def failed(self) -> int:
        return sum(each.failed for each in self.rounds)


@dataclass(frozen=True)
class Server:
    """A server that was measured; `failure` says why it did not run, or stopped.

    Attributes:
        versions: of what it is made of.
        installed_bytes: of its environment's site-packages, pip among them.
        start_s: until it answers, with a core to itself.
        rss_bytes: the most memory that it held under all loads.
        cosine_min: the least, of a text's vector to that of fp32 in process.
    """

    name: str
    title: str
    precision: str
    versions: dict[str, str]
    installed_bytes: int
    failure: str = ""
    start_s: float | None = None
    rss_bytes: int | None = None
    cosine_min: float | None = None


@dataclass(frozen=True)
class Overload:
    """Twice as many requests as can be answered, between two stretches of few.

    Attributes:
        capacity: answers a second where each caller waits for its own (64 connections).
        offered, answered: requests a second of the overload.
        max_waiting_tokens: the server's option.
        drain_s: that so many tokens take at capacity.
        outcomes: how many requests of all ended in each way.
        p50_ms, p99_ms: of those answered in the overload.
        light: requests a second before and after.
        before_p99_ms: of the light load before.
        after_p99_ms: of that after, but for the first second.
    """

    capacity: float
    offered: float
    answered: float
    max_waiting_tokens: int
    drain_s: float
    sent: int
    outcomes: dict[str, int]
    p50_ms: float
    p99_ms: float
    light: float
    before_p99_ms: float
    after_p99_ms: float


@dataclass(frozen=True)
class Interruption:
    """A signal while requests come in.

    Attributes:
        rate: requests a second.
        outcomes: how many ended in each way; 'no connection' after the server stopped listening.
        again: sent once more, as an idle connection was closed before they reached it.
        exit_code: of a server that ended.
        replaced: whether another bundle answered afterwards, of one that goes on.
    """

    signal: str
    rate: float
    sent: int
    outcomes: dict[str, int]
    again: int
    exit_code: int | None = None
    replaced: bool | None = None


@dataclass(frozen=True)
class Memory:
    """Resident memory after requests of ever-changing lengths."""

    early_requests: int
    early_bytes: int
    late_requests: int
    late_bytes: int


@dataclass(frozen=True)
class Shadow:
    """Medians of rounds in turns, without and with a share of requests on the reference too."""

    share: float
    rate: float
    without_p50_ms: tuple[float, ...]
    with_p50_ms: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ServerRecord(Header):
    """All of it.

    Attributes:
        quick: whether rounds were so few and short that figures mean nothing.
        texts: how many there are, and `tokens`: of one on average.
        ready_s: of each start of the int8 server on two cores.
        failures: what could not be measured, and why.
    """

    record: str = "bench-server"
    quick: bool
    cores: int
    texts: int
    tokens: float
    servers: tuple[Server, ...]
    loads: tuple[Loads, ...]
    ready_s: tuple[float, ...] = ()
    overload: Overload | None = None
    interruptions: tuple[Interruption, ...] = ()
    memory: Memory | None = None
    shadow: Shadow | None = None
    failures: dict[str, str] = field(default_factory=dict)
    noise: Noise
    seconds: float

    def under(self, server: str, placement: str, texts: int, connections: int) -> Loads | None:
        """A server under a load, if it was measured there."""
        wanted = (server, placement, texts, connections)
        for each in self.loads:
            if (each.server, each.placement, each.texts, each.connections) == wanted:
                return each
        return None
