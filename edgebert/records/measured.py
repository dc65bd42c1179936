"""Records of what was measured on a machine or in a graph: bench, doctor, inspect."""

from __future__ import annotations

from dataclasses import dataclass

from edgebert.records.header import Header
from edgebert.records.manifest import Count


@dataclass(frozen=True)
class BenchBundle:
    """One bundle that was timed. `load_ms`: open to ready; `peak_rss_mb`: of its own process.

    `peak_rss_mb` is None where the system does not tell.
    """

    path: str
    sha256: str
    precision: str
    provider: str
    size_bytes: int
    load_ms: float
    first_inference_ms: float
    peak_rss_mb: float | None


@dataclass(frozen=True)
class BenchResult:
    """Latency of one bundle at one shape, over `runs` timed runs.

    `bundle` is an index into the record's bundles.
    """

    bundle: int
    provider: str
    batch: int
    length: int
    threads: int
    runs: int
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    mean_ms: float
    min_ms: float
    texts_per_s: float
    tokens_per_s: float


@dataclass(frozen=True)
class Noise:
    """How steady the machine was.

    Attributes:
        round_spread: largest spread, over all shapes, of the medians of the rounds, as a share.
        steal: share of CPU time taken by other guests of the host, where the system reports it.
        noisy: whether figures of this run should be read with care.
    """

    round_spread: float
    steal: float | None
    noisy: bool


@dataclass(frozen=True, kw_only=True)
class BenchRecord(Header):
    """Latency, throughput, memory and cold start of bundles, measured in alternating rounds."""

    record: str = "bench"
    bundles: tuple[BenchBundle, ...]
    results: tuple[BenchResult, ...]
    noise: Noise


@dataclass(frozen=True)
class DoctorCheck:
    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class DoctorRecord(Header):
    """Whether this device gives the answers that a bundle promises."""

    record: str = "doctor"
    bundle: str
    passed: bool
    checks: tuple[DoctorCheck, ...]


@dataclass(frozen=True)
class Quantized:
    """MatMuls with constant weights: how many there are, and how many run on int8."""

    matmuls: int
    int8: int
    layers: tuple[str, ...]
    float_layers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class InspectRecord(Header):
    """What a bundle or an ONNX file holds. `sizes` are bytes by part."""

    record: str = "inspect"
    path: str
    operators: dict[str, int]
    coverage: dict[str, Count]
    quantized: Quantized
    sizes: dict[str, int]
    risks: tuple[str, ...]
