"""What a bundle's graphs may become, worked out on texts that flow through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from edgebert.data import Text
from edgebert.errors import InputError
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.quantize.calibration import CalibrationTexts
from edgebert.quantize.forms.activation_samples import SampledRun, sample_runs, text_runs
from edgebert.quantize.forms.bundle_recipes import BundleRecipes
from edgebert.quantize.forms.linear_layers import share_weights
from edgebert.quantize.forms.prepared_graph import prepare_graph
from edgebert.quantize.forms.recipes import Recipes
from edgebert.quantize.forms.tanh_gelu import approximate_gelus
from edgebert.quantize.forms.weights_aside import put_weights_aside
from edgebert.quantize.options import AUTO, QuantizeOptions
from edgebert.quantize.translators.decoder_runs import decoder_runs
from edgebert.records.manifest import DECODER, ENCODER, VNNI
from edgebert.runtimes import Model

_PROBED = 4
"""Texts that show which layers read one row for each text, where nothing else is asked of them."""

_Runs = Callable[[Sequence[Text]], Iterable[SampledRun]]
"""Of texts the runs of a graph."""


def recipes_of(
    original: Model, options: QuantizeOptions, texts: CalibrationTexts, scratch: Path
) -> BundleRecipes:
    """The recipes of each graph.

    Args:
        original: the float model.
        options: what was asked for.
        texts: that it is calibrated on.
        scratch: a folder for graphs and weights.
    """
    runs: dict[str, _Runs] = {ENCODER: partial(text_runs, reader=original)}
    if original.spec.task.writes:
        runs[DECODER] = partial(_runs_of_decoder, original)
    found = {}
    for role, runs_of in runs.items():
        folder = scratch / role
        folder.mkdir()
        part = role if len(runs) > 1 else ""
        found[role] = _graph_recipes(original, role, part, runs_of, options, texts, folder)
    return BundleRecipes(found)


def _graph_recipes(
    original: Model,
    role: str,
    part: str,
    runs_of: _Runs,
    options: QuantizeOptions,
    texts: CalibrationTexts,
    scratch: Path,
) -> Recipes:
    contrib = original.manifest.target in ("cpu", "gpu")
    graph = prepare_graph(original.files.graph_path(role), part=part)
    prepared = put_weights_aside(graph, scratch)
    if options.calibrates and contrib:
        approximate_gelus(GraphEditor(prepared.model))
    shared = share_weights(prepared.groups)
    saturates = _saturates(options, shared=shared)
    shown = texts.ranges if options.calibrates else texts.ranges[:_PROBED]
    values = list(dict.fromkeys(v for group in prepared.groups for v in group.values))
    others = runs_of(texts.others.ranges) if texts.others else None
    samples = sample_runs(
        prepared.model, values, runs_of(shown), scratch, seed=options.seed, others=others
    )
    return Recipes(
        prepared,
        samples,
        contrib=contrib,
        saturates=saturates,
        dynamic_saturates=saturates or (options.scheme == AUTO and not shared),
        bits=options.bits,
        activations=options.activations,
    )


def _runs_of_decoder(original: Model, texts: Sequence[Text]) -> Iterable[SampledRun]:
    """Its runs on what the float model itself writes: that is what a decoder reads in use."""
    sources = list(map(str, texts))
    written = original.translate(sources)
    pairs = [(source, one.text) for source, one in zip(sources, written, strict=True)]
    return decoder_runs(original.files, original.tokenizer, pairs)


def _saturates(options: QuantizeOptions, *, shared: bool) -> bool:
    """Whether sums of u8 x s8 may leave 16 bits.

    Where layers share a weight they may not: onnxruntime cannot widen it for two of them.
    """
    if shared and options.isa == "vnni":
        raise InputError(
            "--isa vnni cannot be had: layers share a weight, which onnxruntime cannot widen on CPUs "
            "without VNNI; choose --isa any"
        )
    return options.cpus == VNNI and not shared
