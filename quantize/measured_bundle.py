"""What was made, measured where it is to run, and sealed where no bound is broken."""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgebert.bundle import Bundle, seal
from edgebert.bundle.card import write_model_card
from edgebert.drift.comparing import compare
from edgebert.machine import available_cores
from edgebert.quantize.calibration import CalibrationTexts
from edgebert.quantize.chosen_mixture import Made
from edgebert.quantize.golden_answers import take_golden_answers
from edgebert.quantize.measured_kernels import MeasuredKernels, held_out_drift, measure_kernels
from edgebert.quantize.options import AUTO, Budget, QuantizeOptions
from edgebert.quantize.web.candidates import WebCandidates
from edgebert.records.manifest import Drift, Manifest, Web
from edgebert.records.profile import one_caller
from edgebert.runtimes import Model
from edgebert.runtimes.kernels.choosing import find_usable_library
from edgebert.runtimes.kernels.library import KernelLibrary
from edgebert.runtimes.loading import open_files
from edgebert.runtimes.sessions.providers import CPU


@dataclass(frozen=True)
class Measured:
    """What was written, and what was measured of it.

    Attributes:
        made: the proposal.
        drift: by onnxruntime's CPU provider.
        kernels: by kernels, where they can run it.
        web: in WebAssembly, where it is for that.
        sealed: the bundle, where no bound is broken.
    """

    made: Made
    drift: Drift
    kernels: MeasuredKernels | None = None
    web: Web | None = None
    sealed: Bundle | None = None


def measured_here(
    original: Model, made: Made, texts: CalibrationTexts, budget: Budget, options: QuantizeOptions
) -> Measured:
    """Measure by kernels too, and seal; all models are closed then: what is timed needs the memory."""
    held_out, others = texts.held_out, texts.others.held_out if texts.others else None
    drift = held_out_drift(original, made.model, made.comparison, held_out, others)
    manifest = made.model.manifest
    library = _library_for(manifest) if options.kernels == AUTO and not made.failures else None
    kernels = None
    if library is not None:
        made.model.close()  # what kernels hold of it comes in its place
        kernels = measure_kernels(original, made.model.files, library, held_out, budget, others)
        original.close()
        made = replace(made, model=open_files(made.model.files, one_caller(available_cores())))
    sealed = None
    if not made.failures:
        # of kernels only where they keep the bounds
        kept = kernels if kernels and not kernels.failures else None
        take_golden_answers(original.bundle, made.model, kept.model if kept else None)
        described = replace(manifest, drift=drift, kernels=kept.kernels if kept else None)
        sealed = _sealed(made.model, described)
    for model in (original, made.model, *([kernels.model] if kernels else [])):
        model.close()
    return Measured(made, drift, kernels, sealed=sealed)


def measured_for_web(
    original: Model, made: Made, texts: CalibrationTexts, timed: WebCandidates
) -> Measured:
    """Measure on the CPU what was made in WebAssembly, and seal it: both open it."""
    held_out, others = texts.held_out, texts.others.held_out if texts.others else None
    there = held_out_drift(original, made.model, made.comparison, held_out, others)
    web = timed.describe(made, there)
    with open_files(made.model.files, one_caller(available_cores())) as here:
        comparison = compare(original, here, held_out)
        drift = held_out_drift(original, here, comparison, held_out, others)
        sealed = None
        if not made.failures:
            take_golden_answers(original.bundle, here, web=made.model)
            sealed = _sealed(here, replace(here.manifest, drift=drift, web=web))
    for model in (original, made.model):
        model.close()
    return Measured(made, drift, web=web, sealed=sealed)


def _library_for(manifest: Manifest) -> KernelLibrary | None:
    """The kernels that could run a new bundle; None where none are installed, or it is for others."""
    return find_usable_library() if manifest.target == CPU.target else None


def _sealed(model: Model, manifest: Manifest) -> Bundle:
    """Write manifest and model card beside graph and golden answers."""
    sealed = seal(model.files.path, manifest)
    write_model_card(sealed)
    return sealed
