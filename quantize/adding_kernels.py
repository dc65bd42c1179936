"""A bundle that exists, measured with kernels: a new one that says so, and lets them run it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgebert.bundle import GOLDEN, Bundle, copy_files, open_bundle, seal
from edgebert.bundle.card import write_model_card
from edgebert.data import Columns, Examples
from edgebert.data.columns import refuse_without_columns
from edgebert.errors import GateError, InputError
from edgebert.machine import KERNELS_WHEEL
from edgebert.output import new_folder, refuse_existing
from edgebert.quantize.golden_answers import beyond_reference, with_answers_of_kernels
from edgebert.quantize.measured_kernels import MeasuredKernels, measure_kernels
from edgebert.quantize.options import AUTO, Budget, QuantizeOptions, require_labels
from edgebert.records.golden import Golden
from edgebert.records.made import KernelsRecord
from edgebert.references.sources import require_readable
from edgebert.runtimes import Model, load
from edgebert.runtimes.golden import write_golden_file
from edgebert.runtimes.kernels import OFF
from edgebert.runtimes.kernels.choosing import require_usable_library
from edgebert.runtimes.kernels.library import KernelLibrary


@dataclass(frozen=True)
class HeldOut:
    """Texts that drift is measured on.

    Attributes:
        data: the file; by default built-in sentences.
        columns: names of its columns, where they are not the usual ones.
    """

    data: Path | None = None
    columns: Columns = field(default_factory=Columns)


def add_kernels(
    source: str | Path,
    output: str | Path,
    *,
    reference: str | Path,
    held_out: HeldOut | None = None,
    max_drift: float | None = None,
    max_flips: float | None = None,
    force: bool = False,
) -> KernelsRecord:
    """Measure a bundle with kernels, and write one that is the same but says what was measured.

    Graph and tokenizer stay as they are, and so does what it answers by onnxruntime.

    Args:
        source: the bundle.
        output: the bundle to write.
        reference: the float bundle that it was made of.
        held_out: texts to measure on, which it was not calibrated on.
        max_drift, max_flips: bounds; by default those of scheme `auto`, or none of a bundle whose
            scheme was named.
        force: replace `output` if it exists.

    Raises:
        ProviderError: no kernels are installed, or they cannot be used.
        BundleError: `source` or `reference` is no bundle.
        InputError: the two are not of one checkpoint, kernels can run no layer of `source`, or the
            texts cannot be used.
        GateError: a bound is broken; nothing was written.
    """
    started = time.perf_counter()
    output, held_out = Path(output), held_out or HeldOut()
    refuse_existing(output, force=force, source=source)
    refuse_without_columns(held_out.columns, [held_out.data] if held_out.data else [])
    library = require_usable_library()
    bundle = open_bundle(source, verify=True)
    original = load(reference, verify=True, kernels=OFF)
    _require_original(original.bundle, bundle)
    budget = _budget(bundle, max_drift, max_flips)
    examples = original.spec.task.examples(held_out.data, columns=held_out.columns)
    require_readable(original, examples)
    measured = _measured(original, bundle, library, examples, budget)
    golden = with_answers_of_kernels(bundle.golden(), measured.model)
    failures = (*measured.failures, *beyond_reference(golden, measured.model))
    record = KernelsRecord(
        source=str(source),
        bundle=str(output),
        reference=str(reference),
        passed=not failures,
        kernels=measured.kernels,
        layers=measured.running.layers,
        left=measured.running.left,
        thresholds=budget.given(),
        failures=failures,
        seconds=time.perf_counter() - started,
        fingerprint=None if failures else str(bundle.fingerprint(measured.running.engine)),
    )
    if failures:
        raise GateError(f"{source} stays without kernels: {'; '.join(failures)}", record)
    _write(bundle, output, golden, measured, force=force)
    return record


def _require_original(original: Bundle, bundle: Bundle) -> None:
    quantized = original.manifest.quantization
    if quantized is not None:
        raise InputError(
            f"{original.path} is int8 (scheme {quantized.scheme}): a reference is the float bundle"
        )
    if original.manifest.source.sha256 != bundle.manifest.source.sha256:
        raise InputError(f"{bundle.path} was not made of {original.path}: their weights differ")


def _budget(bundle: Bundle, max_drift: float | None, max_flips: float | None) -> Budget:
    """The bounds that `quantize` would hold it to."""
    quantized = bundle.manifest.quantization
    options = QuantizeOptions(
        scheme=quantized.scheme if quantized else AUTO, max_drift=max_drift, max_flips=max_flips
    )
    require_labels(options, bundle.manifest)
    return Budget.of(options, bundle.manifest)


def _measured(
    original: Model, bundle: Bundle, library: KernelLibrary, examples: Examples, budget: Budget
) -> MeasuredKernels:
    measured = measure_kernels(original, bundle, library, examples, budget)
    if measured is None:
        raise InputError(f"{bundle.path} has no layer that kernels can run")
    return measured


def _write(
    bundle: Bundle, output: Path, golden: Golden, measured: MeasuredKernels, *, force: bool
) -> None:
    """Copy a bundle, with golden answers, manifest and model card that know of kernels."""
    manifest = bundle.manifest
    made_with = {**manifest.created_with, KERNELS_WHEEL: measured.running.version}
    with new_folder(output, force=force) as folder:
        copy_files(bundle, folder, manifest.files.keys() - {GOLDEN})
        write_golden_file(golden, folder)
        sealed = seal(folder, replace(manifest, kernels=measured.kernels, created_with=made_with))
        write_model_card(sealed)
