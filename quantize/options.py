"""What may be chosen when a bundle is quantized, and what fits together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgebert.bounds import check_choice, check_number
from edgebert.data import Columns
from edgebert.errors import InputError
from edgebert.measures import Thresholds
from edgebert.onnx_graph.parts import DYNAMIC, STATIC, TOKEN, WEIGHT_ONLY
from edgebert.records.manifest import ANY_CPU, IDENTITY, VNNI, Manifest
from edgebert.tasks.spec import spec_of

AUTO = "auto"
SCHEMES = (AUTO, TOKEN, STATIC, DYNAMIC, WEIGHT_ONLY)
"""What `--scheme` takes."""

ISAS = ("auto", "any", "vnni")
"""What `--isa` takes."""

KERNELS = ("auto", "off")
"""What `--kernels` takes."""

WEB = "web"
TARGETS = (WEB,)
"""What `--target` takes."""

FEWEST = 32
"""Calibration texts: fewer say too little of the ranges."""

_FOR_TARGET = {
    "cpu": SCHEMES,
    "portable": (AUTO, STATIC, DYNAMIC, WEIGHT_ONLY),
    "npu": (AUTO, STATIC, WEIGHT_ONLY),
    "gpu": (WEIGHT_ONLY,),
}
"""Schemes whose operators a target's runtimes have."""

_IN_WEBASSEMBLY = ("cpu", "portable")
"""Targets of float bundles that onnxruntime-web runs."""

_OPSET_OF_16_BITS = 21  # the first whose QuantizeLinear knows uint16


@dataclass(frozen=True)
class QuantizeOptions:
    """What may be chosen.

    Attributes:
        scheme: one of `SCHEMES`.
        bits: of the weights, 8; or 4 with `weight-only`.
        activations: bits of the inputs of layers, 8; or 16 with `static`.
        calibration: texts that ranges are taken from and the search looks at; by default texts
            that ship with edgebert.
        samples: how many texts of `calibration` are used.
        data: texts to measure the drift on; by default a part of `calibration` that nothing else
            looks at.
        text_column: column of the texts, where a file does not use a usual name; `pair_column` of
            the second of each pair, and `label_column` of what `data` says of them.
        max_drift, max_flips: bounds on the measured drift. `auto` has bounds of its own where
            none is given; a scheme that is named is gated only when asked.
        isa: "any" for weights whose sums fit 16 bits, which every CPU multiplies alike; "vnni"
            for the full range, which CPUs without VNNI multiply more slowly; "auto" for "any"
            where there are calibration texts to make up for it, and the target is not "web":
            WebAssembly multiplies the full range without a loss.
        seed: of the choice of texts.
        kernels: "auto" to measure the bundle with edgebert's kernels too, where they are installed,
            so that they run it; "off" to leave it to onnxruntime.
        target: "web" for what is fastest in WebAssembly, where drift is measured and bounded too;
            None for the target of the bundle.
    """

    scheme: str = AUTO
    bits: int = 8
    activations: int = 8
    calibration: Path | None = None
    samples: int = 384
    data: Path | None = None
    text_column: str | None = None
    pair_column: str | None = None
    label_column: str | None = None
    max_drift: float | None = None
    max_flips: float | None = None
    isa: str = "auto"
    seed: int = 0
    kernels: str = AUTO
    target: str | None = None

    def __post_init__(self) -> None:
        """Raise InputError for a choice that does not exist."""
        check_choice("scheme", self.scheme, SCHEMES)
        check_choice("isa", self.isa, ISAS)
        check_choice("kernels", self.kernels, KERNELS)
        if self.target is not None:
            check_choice("target", self.target, TARGETS)
        check_number("samples", self.samples, FEWEST)
        for name, bits, known in (
            ("bits", self.bits, (4, 8)),
            ("activations", self.activations, (8, 16)),
        ):
            if bits not in known:
                raise InputError(f"{name}={bits!r}: expected {known[0]} or {known[1]}")
        Thresholds(max_drift=self.max_drift, max_flips=self.max_flips)  # refuses what is no bound
        _ = self.columns  # which refuses one in two roles

    @property
    def columns(self) -> Columns:
        return Columns(self.text_column, self.pair_column, self.label_column)

    @property
    def calibrates(self) -> bool:
        """Whether the scheme looks at texts."""
        return self.scheme in (AUTO, TOKEN, STATIC)

    @property
    def cpus(self) -> str:
        """`ANY_CPU` or `VNNI`: how the weights are rounded."""
        if self.isa == "auto":
            return ANY_CPU if self.calibrates and self.target != WEB else VNNI
        return ANY_CPU if self.isa == "any" else VNNI


@dataclass(frozen=True)
class Budget:
    """How far `auto` may move the answers.

    Attributes:
        mean: largest mean distance.
        p99: largest 99th percentile of the distances, for embeddings.
        flips: largest share of changed labels, for heads.
        source: who set it, in a word.
        others_mean, others_p99: the same on texts of other kinds than those it was asked for.
    """

    mean: float | None
    p99: float | None
    flips: float | None
    source: str = "asked"
    others_mean: float | None = None
    others_p99: float | None = None

    def given(self) -> dict[str, float]:
        names = {"max_drift": self.mean, "max_p99": self.p99, "max_flips": self.flips}
        return {name: value for name, value in names.items() if value is not None}

    @classmethod
    def of(cls, options: QuantizeOptions, manifest: Manifest) -> Budget:
        """What was asked for; where nothing was, for `auto` what suits the task.

        Embeddings may move by 0.0015, one in a hundred by more than 0.007, and of a head's labels
        0.005 may change, of a translator's next tokens 0.015. Heads without labels, as of rerankers, give scores: those may change by
        0.02 on average, or by 0.1 where they are no probabilities.
        """
        if options.max_drift is not None or options.max_flips is not None:
            return cls(options.max_drift, None, options.max_flips)
        if options.scheme != AUTO:
            return cls(None, None, None)
        spec = spec_of(manifest)
        if spec.task.vectors:
            return cls(0.0015, 0.007, None, source="default")
        if spec.task.writes:
            return cls(None, None, 0.015, source="default")
        if spec.gives_score:
            return cls(0.1 if manifest.scoring == IDENTITY else 0.02, None, None, source="default")
        return cls(None, None, 0.005, source="default")


def require_fitting(options: QuantizeOptions, manifest: Manifest) -> None:
    """Refuse what does not go together, before any work is done.

    Raises:
        InputError: a scheme that the target cannot run, bits that the scheme does not have, or a
            bound on what the bundle does not give.
    """
    _require_for_web(options, manifest)
    _require_for_translator(options, manifest)
    schemes = _FOR_TARGET[check_choice("target", manifest.target, tuple(_FOR_TARGET))]
    if options.scheme not in schemes:
        raise InputError(
            f"scheme {options.scheme} cannot run on the target {manifest.target}: choose "
            f"{' or '.join(schemes)}, or export for another target"
        )
    if options.bits != 8 and options.scheme != WEIGHT_ONLY:
        raise InputError(f"--bits {options.bits} goes with --scheme weight-only")
    if options.bits == 4 and manifest.target not in ("cpu", "gpu"):
        raise InputError(f"--bits 4 cannot run on the target {manifest.target}: choose 8")
    if options.activations == 16:
        if options.scheme != STATIC or manifest.target == "cpu":
            raise InputError(
                "--activations 16 goes with --scheme static and the target npu or portable: "
                "onnxruntime's CPU provider has no product of 16-bit integers"
            )
        if manifest.opset < _OPSET_OF_16_BITS:
            raise InputError(
                f"--activations 16 needs opset {_OPSET_OF_16_BITS}, the bundle has "
                f"{manifest.opset}: export it with --opset {_OPSET_OF_16_BITS}"
            )
    if options.isa == "vnni" and options.scheme == WEIGHT_ONLY:
        raise InputError("--isa vnni goes with integers on both sides, not with weight-only")
    require_labels(options, manifest)
    option = next(iter(options.columns.named), None)
    if option is not None and not (options.calibration or options.data):
        raise InputError(f"{option} names a column of a file: give --calibration or --data")
    if options.label_column is not None and not options.data:
        raise InputError("--label-column names a column of --data: give that")


def _require_for_translator(options: QuantizeOptions, manifest: Manifest) -> None:
    """A step of a decoder runs many sentences, and one of them alone, with the same answers."""
    if not spec_of(manifest).task.writes:
        return
    if options.target == WEB:
        raise InputError("--target web: a page cannot run a bundle of two graphs: leave it out")
    if options.scheme in (DYNAMIC, WEIGHT_ONLY):
        raise InputError(
            f"--scheme {options.scheme}: a translation would depend on the texts beside it: choose "
            f"{AUTO}, {TOKEN} or {STATIC}"
        )


def _require_for_web(options: QuantizeOptions, manifest: Manifest) -> None:
    if options.target != WEB:
        return
    if manifest.target not in _IN_WEBASSEMBLY:
        raise InputError(
            f"--target web: the bundle is made for {manifest.target}, and WebAssembly runs what is "
            f"made for {' or '.join(_IN_WEBASSEMBLY)}: export it with --target {_IN_WEBASSEMBLY[0]}"
        )
    if options.activations == 16:
        raise InputError(
            "--activations 16 does not go with --target web: WebAssembly has no product of 16-bit "
            "integers; choose 8"
        )


def require_labels(options: QuantizeOptions, manifest: Manifest) -> None:
    """Refuse a bound on labels of a bundle that gives none.

    Raises:
        InputError: there is one.
    """
    spec = spec_of(manifest)
    if options.max_flips is not None and (spec.task.vectors or spec.gives_score):
        raise InputError("--max-flips is about labels, and this bundle gives none: use --max-drift")
