"""Records of what was timed on a machine: bench."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.records.header import Header


@dataclass(frozen=True)
class RaggedMemory:
    """Resident memory of a process that answers texts of ever-changing lengths, in 10^6 bytes.

    Attributes:
        texts: how many it answered.
        loaded_mb: after loading and one text.
        warm_mb: after the first quarter, the longest texts among them.
        end_mb: after all.
        growth_mb: from warm to the end.
        peak_mb: the most it ever held.
    """

    texts: int
    loaded_mb: float
    warm_mb: float
    end_mb: float
    growth_mb: float
    peak_mb: float


@dataclass(frozen=True)
class BenchBundle:
    """One model that was timed: a bundle, or a checkpoint as PyTorch runs it.

    Attributes:
        load_ms: open to ready.
        peak_rss_mb: of a process that loads and answers one text; None where the system does not
            tell, as all that is measured of memory.
        sizes: bytes by part, as in an inspect record.
        max_length: tokens at which it truncates.
        fingerprint: of a bundle's answers.
        beam: targets that a translator followed side by side; 1 for what does not write.
    """

    path: str
    sha256: str
    precision: str
    provider: str
    size_bytes: int
    load_ms: float
    first_inference_ms: float
    peak_rss_mb: float | None
    task: str = ""
    max_length: int | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    ragged_memory: RaggedMemory | None = None
    fingerprint: str | None = None
    beam: int = 1


@dataclass(frozen=True)
class BenchResult:
    """Latency of one bundle at one shape, over the `runs` of its calmer rounds.

    Of a translator each text has `length` tokens and gets a translation of as many, whose
    tokens are those of `tokens_per_s`.

    Attributes:
        bundle: an index into the record's bundles.
        spread: of the medians of those rounds, as a share.
        first_token_ms: median until each text has the first token of its translation.
        token_ms: median from then on, for one token more of each text.
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
    spread: float | None = None
    first_token_ms: float | None = None
    token_ms: float | None = None


@dataclass(frozen=True)
class TokenCounts:
    """Tokens of a text, over all texts, as the first model's tokenizer cuts them."""

    mean: float
    p50: float
    p95: float
    max: int


@dataclass(frozen=True)
class TextsResult:
    """One bundle on all texts, from text to answer: `p50_ms` is the time for all of them."""

    bundle: int
    provider: str
    threads: int
    runs: int
    p50_ms: float
    texts_per_s: float
    tokens_per_s: float
    spread: float


@dataclass(frozen=True)
class TextsBench:
    """Throughput on `n` texts, taken evenly from the `available` ones of a file."""

    file: str
    n: int
    available: int
    tokens: TokenCounts
    results: tuple[TextsResult, ...]


@dataclass(frozen=True)
class Noise:
    """How steady the machine was.

    Attributes:
        round_spread: largest spread, over all calls, of the medians of the calmer rounds.
        steal: share of CPU time taken by other guests of the host, where the system reports it.
        noisy: whether figures of this run should be read with care.
        others: share of CPU time taken by other processes, where the system reports it.
        reasons: why it is noisy, in words.
    """

    round_spread: float
    steal: float | None
    noisy: bool
    others: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BenchRecord(Header):
    """Latency, throughput, memory and cold start of bundles, measured in alternating rounds."""

    record: str = "bench"
    bundles: tuple[BenchBundle, ...]
    results: tuple[BenchResult, ...]
    noise: Noise
    texts: TextsBench | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(bundle.path for bundle in self.bundles)

    @property
    def beam(self) -> int:
        """What its translators were timed with; 1 where there are none."""
        return max((bundle.beam for bundle in self.bundles), default=1)
