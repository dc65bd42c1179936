"""From float bundle to int8 bundle: choose texts and forms, write, measure, decide, seal."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import edgebert
from edgebert.bundle import (
    GOLDEN,
    MODEL_CARD,
    Bundle,
    copy_files,
)
from edgebert.errors import GateError, InputError
from edgebert.machine import available_cores, this_machine
from edgebert.output import new_folder, refuse_existing
from edgebert.quantize.calibration import CalibrationTexts, choose_texts
from edgebert.quantize.chosen_mixture import (
    Proposal,
    first_inside,
    proposals_of,
    tried_points,
)
from edgebert.quantize.forms.bundle_recipes import BundleRecipes
from edgebert.quantize.graph_recipes import recipes_of
from edgebert.quantize.measured_bundle import Measured, measured_for_web, measured_here
from edgebert.quantize.options import AUTO, WEB, Budget, QuantizeOptions, require_fitting
from edgebert.quantize.search.few_texts import FewTexts
from edgebert.quantize.search.mixture_drift import DriftMeter
from edgebert.quantize.search.mixture_search import Search, search
from edgebert.quantize.search.places import HERE, Place
from edgebert.quantize.search.search_cache import SearchCache
from edgebert.quantize.translators.finer_mixtures import translator_proposals
from edgebert.quantize.web.candidates import WebCandidates, web_points
from edgebert.quantize.web.node import NodeRuntime, find_node_runtime
from edgebert.quantize.web.place import InWebAssembly, threads_for_answers
from edgebert.quantize.web.wasm import Wasm
from edgebert.records.made import QuantizeRecord
from edgebert.records.manifest import VNNI
from edgebert.records.profile import one_caller
from edgebert.references.sources import some_impossible
from edgebert.runtimes import Model, load
from edgebert.runtimes.kernels import AUTO as WHERE_MEASURED
from edgebert.runtimes.kernels import OFF
from edgebert.runtimes.kernels.choosing import engine_of
from edgebert.runtimes.loading import open_files
from edgebert.runtimes.sessions.providers import CPU


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
        InputError: it is int8 or fp16 already, has nothing to quantize, its target cannot run the
            scheme, or the texts cannot be used.
        ProviderError: it is for the web, and Node or onnxruntime-web is missing or too old.
        GateError: the drift breaks a bound, or layers that should be int8 are not; nothing was
            written.
    """
    started = time.perf_counter()
    options, output = options or QuantizeOptions(), Path(output)
    refuse_existing(output, force=force, source=source)
    original = _float_model(source, options)
    runtime = find_node_runtime() if options.target == WEB else None
    texts = choose_texts(options, original)
    budget = Budget.of(options, original.manifest)
    with (
        new_folder(output, force=force) as folder,
        tempfile.TemporaryDirectory() as temporary,
        _place(runtime, options.seed) as place,
    ):
        scratch = Path(temporary)
        cache = SearchCache(_about(original, options, texts, place))
        searches = options.scheme == AUTO and not original.spec.task.writes
        measures = _measures(original, texts, place) if searches else None
        if searches:
            original.close()  # which needs the memory
        recipes = recipes_of(original, options, texts, scratch)
        original.close()
        if not recipes.groups:
            measures = None  # a table has one form
        found = (
            search(recipes.encoder, *measures, budget, scratch, cache, place) if measures else None
        )
        # on one session: where runs come together, a load holds the weights twice
        original = open_files(original.bundle, one_caller(available_cores()))
        _copy_companions(original.bundle, folder)
        timed = None
        if isinstance(place, InWebAssembly):
            encoder = recipes.encoder
            timed = WebCandidates(place, original.bundle, encoder, found, options.scheme, scratch)
        if timed:
            proposals = timed.proposals()
        else:
            proposals = _proposals(original, recipes, options, texts, found, scratch)
        made = first_inside(
            original, recipes, options, texts, budget, found, folder, proposals, place
        )
        if timed:
            measured = measured_for_web(original, made, texts, timed)
        else:
            measured = measured_here(original, made, texts, budget, options)
        if measured.web:
            pareto = web_points(measured.web)
        else:
            mean = measured.drift.mean
            pareto = tried_points(made, found, recipes.encoder, mean, options.scheme, scratch)
        record = _record(source, output, original.bundle, options, measured, budget, folder)
        record = replace(record, pareto=pareto, seconds=time.perf_counter() - started)
        cache.close()
        if made.failures:
            raise GateError(f"{source} was not quantized: {'; '.join(made.failures)}", record)
    return record


def _proposals(
    original: Model,
    recipes: BundleRecipes,
    options: QuantizeOptions,
    texts: CalibrationTexts,
    found: Search | None,
    scratch: Path,
) -> Iterator[Proposal]:
    """What is tried, in order: where nothing was searched, what suits the scheme."""
    if original.spec.task.writes and options.scheme == AUTO:
        return translator_proposals(original, recipes, list(map(str, texts.search)), scratch)
    return proposals_of(recipes, options.scheme, found)


def _record(
    source: str | Path,
    output: Path,
    original: Bundle,
    options: QuantizeOptions,
    measured: Measured,
    budget: Budget,
    folder: Path,
) -> QuantizeRecord:
    """What was done, but for the time that it took and the points that were tried."""
    made, manifest = measured.made, measured.made.model.manifest
    kernels = measured.kernels
    return QuantizeRecord(
        source=str(source),
        bundle=str(output),
        passed=not made.failures,
        scheme=options.scheme,
        layers=manifest.quantization.layers if manifest.quantization else (),
        pareto=(),
        size_bytes=sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()),
        source_size_bytes=original.size_bytes,
        drift=measured.drift,
        coverage=manifest.coverage,
        seconds=0.0,
        thresholds=budget.given(),
        failures=made.failures,
        calibration=manifest.quantization.calibration if manifest.quantization else None,
        isa=manifest.quantization.isa if manifest.quantization else VNNI,
        fingerprint=_fingerprint(measured.sealed) if measured.sealed else None,
        kernels=kernels.kernels if kernels else None,
        kernels_left_out=kernels.failures if kernels else (),
        web=measured.web,
    )


@contextmanager
def _place(runtime: NodeRuntime | None, seed: int) -> Iterator[Place]:
    """Where candidates run."""
    if runtime is None:
        yield HERE
        return
    with Wasm(runtime, threads_for_answers()) as answering:
        yield InWebAssembly(runtime, answering, seed)


def _float_model(source: str | Path, options: QuantizeOptions) -> Model:
    """The model that is quantized; one of which nothing can be made as asked is refused."""
    original = load(source, verify=True, kernels=OFF)
    _require_unquantized(original.bundle)
    require_fitting(options, original.manifest)
    _require_full_precision(original.bundle)
    return original


def _fingerprint(bundle: Bundle) -> str:
    """What its answers are known by where it was made."""
    engine = engine_of(bundle, provider=CPU.name, kernels=WHERE_MEASURED)
    return str(bundle.fingerprint(engine))


def _require_unquantized(bundle: Bundle) -> None:
    if bundle.manifest.quantization is not None:
        scheme = bundle.manifest.quantization.scheme
        raise InputError(f"{bundle.path} is int8 already (scheme {scheme}); give the float bundle")


def _require_full_precision(bundle: Bundle) -> None:
    manifest = bundle.manifest
    if manifest.precision != "fp32":
        raise InputError(
            f"{bundle.path} is {manifest.precision} already; give what "
            f"'edgebert export --target {manifest.target} --precision fp32' makes"
        )


def _measures(
    original: Model, texts: CalibrationTexts, place: Place = HERE
) -> tuple[FewTexts, DriftMeter]:
    """What a search measures groups with, and mixtures."""
    others = texts.others.search if texts.others else ()
    impossible = some_impossible(texts.held_out)
    return (
        FewTexts(original, texts.search, others),
        DriftMeter(original, texts.search, others, allow_no_answer=impossible, place=place),
    )


def _about(original: Model, options: QuantizeOptions, texts: CalibrationTexts, place: Place) -> str:
    """All that the measurements of a search depend on."""
    chosen = {
        **asdict(options),
        "data": None,
        "max_drift": None,
        "max_flips": None,
        "kernels": None,
    }
    machine = this_machine()
    here = (machine.cpu, machine.features, machine.versions, place.about, edgebert.__version__)
    return "\n".join(map(str, (original.manifest, texts.fingerprint, chosen, *here)))


def _copy_companions(source: Bundle, folder: Path) -> None:
    """Copy all that quantization does not change, whatever else lies in the folder of the source."""
    files = source.manifest.files.keys()
    copy_files(source, folder, files - {*source.of_graphs(files), GOLDEN, MODEL_CARD})
