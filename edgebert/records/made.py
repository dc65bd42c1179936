"""Records of what was made: export, quantize, training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from edgebert.records.header import Header
from edgebert.records.manifest import (
    VNNI,
    Count,
    Drift,
    Kernels,
    LayerDecision,
    TrimmedVocabulary,
    Web,
)


@dataclass(frozen=True)
class ParityCase:
    """One batch on which the graph was compared with PyTorch, under one session's settings.

    Attributes:
        name: what is special about the batch.
        max_abs: largest difference at unmasked positions, of all outputs; nan where a value is
            no number.
        session: whose settings the graph ran under.
        output: the output in which the difference lies.
        where: its index there: row, token if the output has one, column.
        scale: root mean square of PyTorch's values of that output.
        problem: why there is nothing to compare, where onnxruntime refused.
    """

    name: str
    batch: int
    length: int
    max_abs: float
    min_cosine: float
    session: str = ""
    output: str = ""
    where: tuple[int, ...] = ()
    scale: float = 0.0
    problem: str = ""

    @property
    def badness(self) -> float:
        """`max_abs`, and infinity where that is no number."""
        return math.inf if math.isnan(self.max_abs) else self.max_abs


@dataclass(frozen=True)
class WorstParity:
    """The case with the largest difference, with what it takes to run it again.

    Attributes:
        name, session, output, where, max_abs: as of the `ParityCase`.
        inputs: what the graph was given under each name, in the row in which the difference lies.
    """

    name: str
    session: str
    output: str
    where: tuple[int, ...]
    max_abs: float
    inputs: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class TokenizerDifference:
    """A text that tokenizer.json alone and the tokenizer that transformers makes of it cut apart.

    Attributes:
        text: the first of them; `texts` is how many of those that were tried there are.
        file, transformers: its tokens either way.
        follows: "tokenizer.json", or "tokenizer_config.json" where the difference lies in a flag
            that this sets in every version of transformers. The bundle and its reference do.
    """

    text: str
    texts: int
    file: tuple[str, ...]
    transformers: tuple[str, ...]
    follows: str


@dataclass(frozen=True, kw_only=True)
class ExportRecord(Header):
    """A checkpoint became a float bundle. `passed` is false when parity or coverage failed.

    Attributes:
        atol: largest absolute difference to PyTorch that was allowed.
        unfused: what of the architecture is not one operator, and why.
        worst: the largest difference that was found.
        fingerprint: of the answers of the bundle, where one was made.
        tokenizer: where the files of the tokenizer do not agree on a text.
    """

    record: str = "export"
    source: str
    bundle: str
    passed: bool
    task: str
    architecture: str
    max_length: int
    max_length_source: str
    size_bytes: int
    atol: float
    parity: tuple[ParityCase, ...]
    coverage: dict[str, Count]
    seconds: float
    failures: tuple[str, ...]
    target: str = "cpu"
    precision: str = "fp32"
    unfused: dict[str, str] = field(default_factory=dict)
    worst: WorstParity | None = None
    trimmed_vocabulary: TrimmedVocabulary | None = None
    fingerprint: str | None = None
    tokenizer: TokenizerDifference | None = None
    tokens_without_embedding: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return self.source, self.bundle


MIXTURE = "mixture"
"""How the name of a point begins that is no scheme, but one of those between them."""


@dataclass(frozen=True)
class ParetoPoint:
    drift: float
    latency_ms: float | None
    scheme: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class QuantizeRecord(Header):
    """A float bundle became an int8 bundle, unless a gate said no (`passed` is false).

    Attributes:
        pareto: mixtures that were tried; `latency_ms` is that of one text of 128 tokens on one
            thread, all of them in turns. With `web` both are those of WebAssembly.
        calibration: the texts that ranges were taken from: file, number, hash.
        isa: "any" where sums cannot leave 16 bits, else "vnni".
        fingerprint: of the answers of the bundle here, where one was made.
        kernels: what kernels make of it; None where they are not installed, or run none of it.
        kernels_left_out: why its manifest says nothing of them, one sentence for each bound.
        web: what was measured in WebAssembly, where that is its target.
    """

    record: str = "quantize"
    source: str
    bundle: str
    passed: bool
    scheme: str
    layers: tuple[LayerDecision, ...]
    pareto: tuple[ParetoPoint, ...]
    size_bytes: int
    source_size_bytes: int
    drift: Drift
    coverage: dict[str, Count]
    seconds: float
    thresholds: dict[str, float]
    failures: tuple[str, ...]
    calibration: str | None = None
    isa: str = VNNI
    fingerprint: str | None = None
    kernels: Kernels | None = None
    kernels_left_out: tuple[str, ...] = ()
    web: Web | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return self.source, self.bundle


@dataclass(frozen=True, kw_only=True)
class KernelsRecord(Header):
    """A bundle was measured with kernels. `passed` is false when a bound is broken.

    Attributes:
        source, bundle: the bundle as it was, and the one that says what was measured.
        reference: the float bundle.
        kernels: what was measured.
        layers, left: names of the layers that kernels run, and of those left to onnxruntime.
        fingerprint: of the answers of the bundle by kernels, where one was made.
    """

    record: str = "kernels"
    source: str
    bundle: str
    reference: str
    passed: bool
    kernels: Kernels
    layers: tuple[str, ...]
    left: tuple[str, ...]
    thresholds: dict[str, float]
    failures: tuple[str, ...]
    seconds: float
    fingerprint: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return self.source, self.bundle, self.reference


@dataclass(frozen=True, kw_only=True)
class OptimizeRecord(Header):
    """Somebody else's export was fused, unless parity with the original failed.

    Attributes:
        graph: the .onnx file that was read.
        output: the bundle or .onnx file that was written.
        changed: false where there was nothing to fuse; a lone file is then a copy.
        before, after: nodes, and single operators of each kind.
        unfused: one sentence for each attention that stays spelled out.
        dropped_outputs: what the original gives and a bundle does not.
        atol: largest absolute difference to the original that was allowed.
        tokens_without_embedding: those that the tokenizer knows and the model does not.
        fingerprint: of the answers of the bundle, where one was made.
    """

    record: str = "optimize"
    source: str
    graph: str
    output: str
    passed: bool
    changed: bool
    before: dict[str, int]
    after: dict[str, int]
    coverage: dict[str, Count]
    unfused: tuple[str, ...]
    dropped_outputs: tuple[str, ...]
    size_bytes: int
    atol: float
    parity: tuple[ParityCase, ...]
    seconds: float
    failures: tuple[str, ...]
    tokens_without_embedding: tuple[str, ...] = ()
    fingerprint: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        return self.source, self.output


@dataclass(frozen=True, kw_only=True)
class PackageRecord(Header):
    """Bundles became a folder that is dropped into an app.

    Attributes:
        bundles: as they were named.
        output: the folder.
        target: what it is for.
        files: bytes of each file in it.
        missing: one sentence for each thing that has still to be put there.
        fingerprints: of the answers of each bundle by onnxruntime.
    """

    record: str = "package"
    bundles: tuple[str, ...]
    output: str
    target: str
    task: str
    files: dict[str, int]
    size_bytes: int
    missing: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        return *self.bundles, self.output
