"""The manifest of a bundle: everything that changes an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FORMAT, SEVERAL_GRAPHS = 1, 2
"""The formats of a bundle of one graph, and of several; the second is the newest that is read."""

EMBEDDINGS = "feature-extraction"
TEXT_CLASSIFICATION = "text-classification"
TOKEN_CLASSIFICATION = "token-classification"
FILL_MASK = "fill-mask"
QUESTION_ANSWERING = "question-answering"
"""Names of tasks (see `edgebert.tasks`)."""

SOFTMAX, SIGMOID, IDENTITY = "softmax", "sigmoid", "identity"
SCORINGS = (SOFTMAX, SIGMOID, IDENTITY)
"""How scores are made of logits."""

COSINE, DOT, EUCLIDEAN, MANHATTAN = "cosine", "dot", "euclidean", "manhattan"
SIMILARITIES = (COSINE, DOT, EUCLIDEAN, MANHATTAN)
"""How alike two embeddings are, by sentence-transformers' names: of a distance the negative."""

ENCODER, DECODER = "encoder", "decoder"
"""Roles of the graphs that read and that write texts; a model may have several graphs."""

ANY_CPU, VNNI = "any", "vnni"
"""Where sums of u8 x s8 are right by the fastest kernel: everywhere, or with VNNI and its like."""


@dataclass(frozen=True)
class FileEntry:
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class OnnxruntimeRange:
    """`min`: the oldest version known to load the graph; `tested`: the one it was proved on."""

    min: str
    tested: str


@dataclass(frozen=True)
class Count:
    """How many of something the architecture implies, and how many the graph holds."""

    expected: int
    found: int


@dataclass(frozen=True)
class LayerDecision:
    """What was done to the weights of one MatMul or embedding table.

    Attributes:
        sensitivity: drift that the decision costs when nothing else is quantized, of its mean and
            99th percentile half each, where `auto` measured it.
        saturation: relative error of the layer's outputs on calibration texts, on CPUs without
            VNNI by a reader that does not set session.x64quantprecision.
    """

    name: str
    decision: str
    sensitivity: float | None = None
    saturation: float | None = None


@dataclass(frozen=True)
class Quantization:
    """How a bundle was quantized.

    Attributes:
        batch_invariant: whether a text's answer is promised not to depend on its neighbours.
        calibration: the texts that ranges were taken from: file, number, hash.
        cpu_classes: the instruction sets on which the graph was made.
        isa: `ANY_CPU` where no sum can leave 16 bits, so that every CPU and every reader gets the
            same; `VNNI` where CPUs without it need session.x64quantprecision, as our runtime sets.
    """

    scheme: str
    layers: tuple[LayerDecision, ...]
    calibration: str | None
    batch_invariant: bool
    cpu_classes: tuple[str, ...]
    isa: str = VNNI


@dataclass(frozen=True)
class KindDrift:
    """How far it was on one kind of text; see `Drift`."""

    texts: str
    n: int
    mean: float
    p99: float
    max: float
    flips: float | None


@dataclass(frozen=True)
class Drift:
    """How far the bundle was from its fp32 reference when it was made.

    Attributes:
        mean, p99, max: of the distance of each text (1 - cosine for embeddings, 1 - F1 of the
            words for question answering, largest difference of a probability or a score for
            other heads).
        flips: share of changed labels, for heads.
        texts: where the texts came from.
        promises: the bounds that `edgebert check` holds the bundle to when it is given none.
        others: the same on texts of other kinds than those that it was calibrated for.
    """

    mean: float
    p99: float
    max: float
    flips: float | None
    n: int
    texts: str
    promises: dict[str, float]
    others: tuple[KindDrift, ...] = ()


@dataclass(frozen=True)
class Kernels:
    """What was measured of the bundle where edgebert's kernels run it, which round elsewhere.

    Attributes:
        arithmetic: number of the arithmetic, of operators and of what they are put in the place of:
            another number, other bits.
        exact: whether the answers are the same bits on every CPU.
        drift: how far they were from the fp32 reference.
    """

    arithmetic: int
    exact: bool
    drift: Drift


@dataclass(frozen=True)
class WebCandidate:
    """A form or a mixture of forms that was timed in WebAssembly; see `Web`."""

    name: str
    drift: float
    p50_ms: float
    chosen: bool


@dataclass(frozen=True)
class Web:
    """What was measured of the bundle in WebAssembly, for which it was quantized.

    Attributes:
        onnxruntime_web, node: versions of what ran it.
        threads: that candidates were timed with.
        drift: how far it was from the fp32 reference there; `Manifest.drift` is that of the CPU.
        float_p50_ms: of the fp32 bundle, beside the candidates; None where it did not fit.
        candidates: mean distances, and the median time of the CPU for one text of 128 tokens.
            Distances are those on the texts of the search, where it measured them.
    """

    onnxruntime_web: str
    node: str
    threads: int
    drift: Drift
    float_p50_ms: float | None
    candidates: tuple[WebCandidate, ...]

    @property
    def chosen(self) -> WebCandidate | None:
        """The candidate that became the bundle."""
        return next((one for one in self.candidates if one.chosen), None)


@dataclass(frozen=True)
class Source:
    """The checkpoint a bundle came from."""

    id: str
    revision: str | None
    sha256: str


@dataclass(frozen=True)
class UnseenText:
    """What a trimmed vocabulary costs texts that were not asked which pieces to keep.

    Measured by trimming for nine texts of ten and reading the tenth. `unknown` are pieces that
    stand for what cannot be written.
    """

    texts: int
    pieces_before: int
    pieces_after: int
    unknown_before: int
    unknown_after: int


@dataclass(frozen=True)
class TrimmedVocabulary:
    """Which part of a vocabulary was kept for a corpus.

    Attributes:
        corpus: name of the file.
        texts: how many texts of it were proved to keep their pieces.
        pieces, kept: in the vocabulary before, and after.
        saved_bytes: of weights and tokenizer.
        unseen: None where the corpus is too small to hold any text back.
    """

    corpus: str
    texts: int
    pieces: int
    kept: int
    saved_bytes: int
    unseen: UnseenText | None


@dataclass(frozen=True)
class Writing:
    """How the decoder of a bundle writes a text; all of it changes answers.

    Attributes:
        layers, heads, head_width: of the keys and values that the graphs hand to each other.
        vocabulary: pieces of the target.
        begin_id, end_id: of the tokens that begin and end a target.
        longest_per_token, longest_more: a target has at most `longest_per_token` times the tokens
            of its source, and `longest_more`.
        length_penalty: by the length to this power a log-probability is divided (Wu et al. 2016).
    """

    layers: int
    heads: int
    head_width: int
    vocabulary: int
    begin_id: int = 1
    end_id: int = 2
    longest_per_token: int = 2
    longest_more: int = 10
    length_penalty: float = 1.0

    def longest(self, source_tokens: int) -> int:
        """Tokens of a target at most, its end among them, by those of its source."""
        return self.longest_per_token * source_tokens + self.longest_more


@dataclass(frozen=True)
class Manifest:
    """`manifest.json`. Keys as in the bundle's documented format; unknown keys are passed over.

    Attributes:
        activation: how a text classifier's scores are made of its logits; by default what its
            `problem_type` implies. With a single label they are a score, not a choice.
        mask_token: what stands for the word to guess, for fill-mask.
        aggregation: how the labels of tokens become those of words, for token classification
            (see `tasks.entities`).
        similarity: one of `SIMILARITIES`, by which embeddings are compared and ranked.
        default_prompt: name of the prompt that is put before every text when none is asked for.
        ids: "int64" or "int32": type of the graph's inputs.
        fixed_shape: batch and tokens of every input, where the graph takes no other.
        unfused: what of the architecture does not run as a fused operator, and why.
        trimmed_vocabulary: which pieces were kept, where not all were.
        embedding_rows: how many token ids have an embedding, where the tokenizer knows more.
        graphs: the file of each graph by its role; of bundles older than the key the one graph.
        kernels: what kernels give, where that was measured: without it onnxruntime runs all of it.
        web: what WebAssembly gives, where it was quantized for that.
        writing: how its decoder writes, where it has one.
        digest: SHA-256 of this file as it is with zeros in the place of these 64 digits; None in
            bundles that are older than the key.
    """

    format: int
    task: str
    architecture: str
    precision: str
    target: str
    pooling: str | None
    normalize: bool
    max_length: int
    prompts: dict[str, str]
    labels: tuple[str, ...]
    problem_type: str | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attention_path: str
    files: dict[str, FileEntry]
    opset: int
    ir_version: int
    onnxruntime: OnnxruntimeRange
    undocumented_operators: tuple[str, ...]
    coverage: dict[str, Count]
    quantization: Quantization | None
    drift: Drift | None
    source: Source
    created_with: dict[str, Any] = field(default_factory=dict)
    default_prompt: str | None = None
    ids: str = "int64"
    fixed_shape: tuple[int, int] | None = None
    unfused: dict[str, str] = field(default_factory=dict)
    trimmed_vocabulary: TrimmedVocabulary | None = None
    activation: str | None = None
    embedding_rows: int | None = None
    mask_token: str | None = None
    aggregation: str | None = None
    digest: str | None = None
    similarity: str = COSINE
    graphs: dict[str, str] = field(default_factory=lambda: {ENCODER: "model.onnx"})
    kernels: Kernels | None = None
    web: Web | None = None
    writing: Writing | None = None

    @property
    def multi_label(self) -> bool:
        return self.problem_type == "multi_label_classification"

    @property
    def scoring(self) -> str:
        """`activation`, also of a bundle that is older than the field."""
        return self.activation or (SIGMOID if self.multi_label else SOFTMAX)
