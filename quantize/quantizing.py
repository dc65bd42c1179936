"""From float bundle to int8 bundle: quantize, measure, decide, seal."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgebert.bundle import (
    GOLDEN,
    MANIFEST,
    MODEL,
    MODEL_CARD,
    MODEL_DATA,
    TOKENIZER,
    Bundle,
    seal,
)
from edgebert.data.samples import examples_or_built_in
from edgebert.drift.comparing import compare
from edgebert.drift.gates import Thresholds, broken_bounds
from edgebert.drift.promises import Floors, describe_drift
from edgebert.errors import GateError, InputError
from edgebert.graph.oldest_onnxruntime import oldest_onnxruntime
from edgebert.graph.reading import read_graph
from edgebert.inspect import count_coverage
from edgebert.machine import installed_versions, this_machine
from edgebert.output import new_folder, refuse_existing
from edgebert.quantize import dynamic
from edgebert.records.golden import Tolerance
from edgebert.records.made import ParetoPoint, QuantizeRecord
from edgebert.records.manifest import (
    Count,
    LayerDecision,
    Manifest,
    OnnxruntimeRange,
    Quantization,
)
from edgebert.runtimes import Model, load
from edgebert.runtimes.encoding import open_tokenizer
from edgebert.runtimes.golden import kept, relative_distance, write_golden
from edgebert.runtimes.session import open_graph

SCHEMES: dict[str, Callable[[Path, Path], tuple[LayerDecision, ...]]] = {
    "dynamic": dynamic.quantize_graph,
}
"""Each scheme writes the int8 form of a graph and says what it did to each layer."""

_FLOORS = Floors(drift=0.001, flips=0.02)
_EXPECTED_TOLERANCE = 0.05
"""Relative distance within which int8 answers of another CPU class count as the same: a rounding
that tips there moves MiniLM embeddings by up to .03."""


@dataclass(frozen=True)
class QuantizeOptions:
    """What may be chosen.

    Attributes:
        scheme: a key of `SCHEMES`.
        data: texts to measure the drift on; by default the built-in sentences.
        text_column: column of the texts, where the file does not use a usual name.
        max_drift, max_flips: bounds as in `edgebert.drift.checking.Thresholds`; a scheme that is
            named is gated only when asked.
    """

    scheme: str = "dynamic"
    data: Path | None = None
    text_column: str | None = None
    max_drift: float | None = None
    max_flips: float | None = None


def quantize_bundle(
    source: str | Path,
    output: str | Path,
    *,
    options: QuantizeOptions | None = None,
    force: bool = False,
) -> QuantizeRecord:
    """Quantize a float bundle to int8 and measure how far that moves its answers.

    Args:
        source: an fp32 bundle.
        output: the int8 bundle to write.
        options: scheme, texts and bounds.
        force: replace `output` if it exists.

    Raises:
        BundleError: `source` is no bundle.
        InputError: it is int8 or fp16 already, or the texts cannot be used.
        GateError: the drift breaks a bound; nothing was written.
    """
    started = time.perf_counter()
    options, output = options or QuantizeOptions(), Path(output)
    refuse_existing(output, force=force, source=source)
    original = load(source, verify=True)
    _require_float(original.bundle)
    examples = examples_or_built_in(options.data, original.task, text_column=options.text_column)
    with new_folder(output, force=force) as folder:
        _copy_companions(original.bundle.path, folder)
        layers = SCHEMES[options.scheme](original.bundle.model_path, folder / MODEL)
        manifest = _manifest(original.manifest, folder / MODEL, options.scheme, layers)
        quantized = _open(folder, manifest)
        comparison = compare(original, quantized, examples)
        drift = describe_drift(comparison, examples.path.name, _FLOORS)
        bounds = Thresholds(max_drift=options.max_drift, max_flips=options.max_flips)
        failures = (*_lost_coverage(manifest), *broken_bounds(comparison, bounds))
        if not failures:
            _write_golden(original.bundle, quantized)
            seal(folder, replace(manifest, drift=drift))
        record = QuantizeRecord(
            source=str(source),
            bundle=str(output),
            passed=not failures,
            scheme=options.scheme,
            layers=layers,
            pareto=(ParetoPoint(drift.mean, None, options.scheme, chosen=not failures),),
            size_bytes=sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
            source_size_bytes=original.bundle.size_bytes,
            drift=drift,
            coverage=manifest.coverage,
            seconds=time.perf_counter() - started,
            thresholds=bounds.given(),
            failures=failures,
        )
        if failures:
            raise GateError(f"{source} was not quantized: {'; '.join(failures)}", record)
    return record


def _require_float(bundle: Bundle) -> None:
    if bundle.manifest.quantization is not None:
        scheme = bundle.manifest.quantization.scheme
        raise InputError(f"{bundle.path} is int8 already (scheme {scheme}); give the float bundle")
    if bundle.manifest.precision != "fp32":
        raise InputError(
            f"{bundle.path} is {bundle.manifest.precision} already; "
            "give what 'edgebert export --precision fp32' makes"
        )


def _copy_companions(source: Path, folder: Path) -> None:
    """Copy all that quantization does not change."""
    made_anew = {MANIFEST, MODEL, MODEL_DATA, GOLDEN, MODEL_CARD}
    shutil.copytree(
        source,
        folder,
        dirs_exist_ok=True,
        ignore=lambda at, names: made_anew & set(names) if Path(at) == source else set(),
    )


def _manifest(
    original: Manifest, path: Path, scheme: str, layers: tuple[LayerDecision, ...]
) -> Manifest:
    graph, versions = read_graph(path), installed_versions()
    tested = versions["onnxruntime"]
    matmuls = sum(layer.decision.startswith("int8 per channel") for layer in layers)
    coverage = {part: count for part, count in original.coverage.items() if part != "qkv"}
    found = count_coverage(graph).get("quantized_matmuls", 0)
    return replace(
        original,
        precision="int8",
        files={},
        onnxruntime=OnnxruntimeRange(oldest_onnxruntime(graph, tested=tested), tested),
        drift=None,
        coverage={**coverage, "quantized_matmuls": Count(matmuls, found)},
        quantization=Quantization(
            scheme=scheme,
            layers=layers,
            calibration=None,
            batch_invariant=False,
            cpu_classes=(this_machine().cpu_class,),
        ),
        created_with=versions,
    )


def _open(folder: Path, manifest: Manifest) -> Model:
    tokenizer = open_tokenizer(folder / TOKENIZER)
    return Model(Bundle(folder, manifest), open_graph(folder / MODEL), tokenizer)


def _lost_coverage(manifest: Manifest) -> tuple[str, ...]:
    count = manifest.coverage["quantized_matmuls"]
    if count.expected == 0:
        return ("the graph has no MatMul with a constant weight",)
    if count.found < count.expected:
        return (f"{count.found} of {count.expected} MatMuls run on int8",)
    return ()


def _write_golden(original: Bundle, quantized: Model) -> None:
    """Keep texts and references, take new answers; tolerate what the scheme was measured to move."""
    golden = original.golden()
    texts = [text.as_text for text in golden.texts]
    references = [text.reference for text in golden.texts]
    moved = max(
        relative_distance(kept(answer, golden.columns), reference)
        for answer, reference in zip(
            (quantized.outputs([text])[0] for text in texts), references, strict=True
        )
    )
    tolerance = Tolerance(
        reference=float(np.round(1.5 * moved + _EXPECTED_TOLERANCE, 3)),
        expected=_EXPECTED_TOLERANCE,
    )
    write_golden(quantized, texts, references, tolerance)
