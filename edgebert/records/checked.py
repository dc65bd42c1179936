"""The record of a drift check, and the parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from edgebert.records.header import Header


@dataclass(frozen=True)
class Cosine:
    mean: float
    p01: float
    min: float


@dataclass(frozen=True)
class Histogram:
    """How many texts moved how far: `counts[i]` distances lie in [edges[i], edges[i + 1])."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Invariance:
    """The candidate against itself, over a sample of the texts.

    Each text alone is compared with the same text in a batch, or with padding behind it.
    """

    min_cosine: float
    max_abs: float


@dataclass(frozen=True)
class Neighbours:
    """Mean share of a text's 1, 5 and 10 nearest neighbours that both sides agree on."""

    overlap_at_10: float
    overlap_at_5: float | None = None
    overlap_at_1: float | None = None


@dataclass(frozen=True)
class PairSimilarity:
    """How much the cosine between two texts differs between the sides, over `pairs` pairs."""

    pairs: int
    mean_abs: float
    max_abs: float


@dataclass(frozen=True)
class Flips:
    """Changed decisions: `flips` of `n`, with the exact (Clopper-Pearson) 95 % interval of `rate`.

    Attributes:
        of: what was decided: labels, or the next tokens of a translator.
    """

    flips: int
    n: int
    rate: float
    ci95: tuple[float, float]
    of: str = "labels"


@dataclass(frozen=True)
class LogitDivergence:
    """How far the logits moved.

    Attributes:
        mean_abs, max_abs: differences of logits, each row centred (softmax ignores its mean).
        kl_mean, kl_max: Kullback-Leibler divergence from reference to candidate, in nats.
    """

    mean_abs: float
    max_abs: float
    kl_mean: float
    kl_max: float


@dataclass(frozen=True)
class EntityChanges:
    added: int
    lost: int
    moved: int
    relabelled: int


@dataclass(frozen=True)
class Metric:
    """A task metric on both sides, in points from 0 to 100.

    Attributes:
        drop: reference less candidate.
        ci95: paired bootstrap interval of the drop.
    """

    name: str
    reference: float
    candidate: float
    drop: float
    ci95: tuple[float, float] | None = None


@dataclass(frozen=True)
class McNemar:
    """Texts that only one side got right, and the exact two-sided p of so uneven a split."""

    only_reference: int
    only_candidate: int
    p: float


@dataclass(frozen=True)
class Slice:
    """A part of the texts, by length, script or a column of the file.

    Attributes:
        by: what the texts were divided by, `value` which part this is.
        distance_mean: mean distance of its texts.
        flip_rate: share of changed labels, for heads.
        metric: the task metric on this part, where the file has labels.
    """

    by: str
    value: str
    n: int
    distance_mean: float
    flip_rate: float | None = None
    metric: Metric | None = None


@dataclass(frozen=True)
class Worst:
    """A text that moved, with its distance (1 - cosine, or largest change of a probability)."""

    text: str
    distance: float


@dataclass(frozen=True)
class WeightChange:
    """One weight of the candidate beside the reference's of the same name.

    Attributes:
        gain: the factor that brings the reference's weight closest to the candidate's.
        residual: what is left after that factor, as a share of the reference's norm.
    """

    name: str
    gain: float
    residual: float


@dataclass(frozen=True)
class Weights:
    """The weights both sides hold under one name: how many, and those that differ most."""

    compared: int
    furthest: tuple[WeightChange, ...]


@dataclass(frozen=True)
class Cause:
    """Why the sides differ: `name` is tokenizer, pooling, label order, head or body."""

    name: str
    detail: str


@dataclass(frozen=True)
class Gate:
    """One bound and what was measured.

    Attributes:
        name: as in `[tool.edgebert.check]`, e.g. "max_drift".
        source: who set the bound: "option", a file, or "manifest".
    """

    name: str
    bound: float
    value: float
    passed: bool
    source: str


@dataclass(frozen=True, kw_only=True)
class CheckRecord(Header):
    """How far two sources of answers disagree on the same texts.

    Attributes:
        data_sha256: of the texts compared, in order; two checks with the same one compare.
        metric: the headline of `metrics`.
        failures: one sentence for each gate that failed.
        made_by: fingerprints of "reference" and "candidate", where they are known.
        measures: what else was measured, by the measure and then by the figure.
        warnings: one sentence for each side of saved outputs that another model made.
    """

    record: str = "check"
    reference: str
    candidate: str
    data: str
    data_sha256: str = ""
    passed: bool
    n: int
    task: str
    max_length: int | None
    distance_mean: float
    cosine: Cosine | None
    batch_invariance: Invariance | None
    neighbours: Neighbours | None
    labels: Flips | None
    entities: EntityChanges | None
    metric: Metric | None
    worst: tuple[Worst, ...]
    thresholds: dict[str, float]
    failures: tuple[str, ...]
    histogram: Histogram | None = None
    padding_invariance: Invariance | None = None
    pair_similarity: PairSimilarity | None = None
    logits: LogitDivergence | None = None
    metrics: tuple[Metric, ...] = ()
    mcnemar: McNemar | None = None
    slices: tuple[Slice, ...] = ()
    weights: Weights | None = None
    causes: tuple[Cause, ...] = ()
    gates: tuple[Gate, ...] = ()
    baseline: str | None = None
    made_by: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    measures: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        return self.reference, self.candidate
