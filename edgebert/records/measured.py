"""Records of what was measured on a machine or in a graph: bench, doctor, inspect."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.records.header import Header
from edgebert.records.manifest import Count, Web


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


@dataclass(frozen=True)
class DoctorCheck:
    """One thing that doctor looked at.

    Attributes:
        cause: of a failure, most likely: changed file, version, provider, tokenizer, saturation,
            cpu or graph.
        way_out: what to do about it.
    """

    name: str
    passed: bool
    detail: str
    cause: str | None = None
    way_out: str | None = None

    @property
    def found(self) -> str:
        """The detail and, of a failure, its likely cause and the way out."""
        return self.detail + (f" (likely {self.cause}: {self.way_out})" if self.cause else "")


@dataclass(frozen=True, kw_only=True)
class DoctorRecord(Header):
    """Whether this device gives the answers that a bundle promises.

    Attributes:
        fingerprint: of the bundle's answers.
    """

    record: str = "doctor"
    bundle: str
    passed: bool
    checks: tuple[DoctorCheck, ...]
    fingerprint: str | None = None

    @property
    def ways_out(self) -> tuple[str, ...]:
        """Each likely cause of a failure with its way out, once."""
        failed = [check for check in self.checks if check.cause]
        return tuple(dict.fromkeys(f"likely {check.cause}: {check.way_out}" for check in failed))

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.bundle,)


@dataclass(frozen=True)
class Quantized:
    """MatMuls with constant weights: how many there are, and how many run on int8.

    Attributes:
        forms: how many get their activations in each way: token, static, dynamic, weight-only,
            float.
    """

    matmuls: int
    int8: int
    layers: tuple[str, ...]
    float_layers: tuple[str, ...]
    forms: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LayerSaturation:
    """A layer whose sums of u8 x s8 products can leave 16 bits on x86 CPUs without VNNI.

    Attributes:
        overflowing_pairs: share of the pairs of neighbouring inputs that can.
        expected_error: relative error of the layer's outputs there, measured on calibration
            texts; None where none were seen.
    """

    name: str
    overflowing_pairs: float
    expected_error: float | None


@dataclass(frozen=True)
class Placement:
    """Which execution providers ran the nodes of a graph that was loaded for one of them.

    Attributes:
        provider: the one that was asked for, by onnxruntime's name.
        nodes: for each provider, how many nodes of each operator it ran. A part that a provider
            compiled as a whole counts as the nodes that went into it (with an onnxruntime older
            than 1.24 as a single one).
        fell_back: the MatMul and attention nodes, of any form, that another provider ran.
    """

    provider: str
    nodes: dict[str, dict[str, int]]
    fell_back: dict[str, int]


@dataclass(frozen=True)
class KernelLayers:
    """Which layers of a graph edgebert's kernels run, where they are installed and it is for them.

    Attributes:
        layers: names of those that they run.
        left: names of those that are left to onnxruntime.
        exact: whether all that rounds is theirs, so that every CPU gives the same bits.
        arithmetic: of the kernels that a bundle was measured with; None where it was not, so that
            onnxruntime runs all of it.
    """

    layers: tuple[str, ...]
    left: tuple[str, ...]
    exact: bool
    arithmetic: int | None = None


@dataclass(frozen=True)
class GraphContents:
    """What one of several graphs of a bundle holds; as in `InspectRecord`."""

    operators: dict[str, int]
    quantized: Quantized
    sizes: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class InspectRecord(Header):
    """What a bundle or an ONNX file holds.

    Attributes:
        coverage: what a bundle's manifest expects of each kind, and what its graph holds; empty
            for a lone file.
        sizes: bytes by part.
        target: what a bundle was made for, None for a lone file.
        fixed_shape: batch and tokens that it takes, None where it takes any.
        unfused: parts that no single operator runs, and why.
        saturation: layers that x86 CPUs without VNNI multiply otherwise than all others, for
            readers that do not set session.x64quantprecision; the worst first.
        placement: where the nodes run, None where no provider was asked for.
        kernels: which layers kernels run, None where that is none.
        web: what was measured in WebAssembly, where the bundle was quantized for that.
        graphs: by their roles, what each holds, where there are several; all else is of all of
            them together.
    """

    record: str = "inspect"
    path: str
    operators: dict[str, int]
    coverage: dict[str, Count]
    quantized: Quantized
    sizes: dict[str, int]
    risks: tuple[str, ...]
    target: str | None = None
    fixed_shape: tuple[int, int] | None = None
    unfused: dict[str, str] = field(default_factory=dict)
    saturation: tuple[LayerSaturation, ...] = ()
    placement: Placement | None = None
    kernels: KernelLayers | None = None
    web: Web | None = None
    graphs: dict[str, GraphContents] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,)
