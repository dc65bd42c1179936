"""The two graphs of a translator, traced and brought into the form of their target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import onnx
import torch

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.translation.decoder import DecoderShape
from edgebert.checkpoint.translation.model import TranslationModel
from edgebert.export.kinds import WrittenGraphs
from edgebert.export.operators.coverage import coverage_of, lost_coverage
from edgebert.export.operators.expected_operators import Traced, expected_beside_attention
from edgebert.export.operators.operator_trace import trace_operators
from edgebert.export.options import ExportOptions
from edgebert.export.passes.merged_heads import merge_heads
from edgebert.export.passes.trace_notes import drop_trace_notes
from edgebert.export.targets import shape_for_target
from edgebert.export.traced_file import Traceable, free_weights, load_traced, write_traced
from edgebert.export.tracing import Reading, load_plainly, trace_reading
from edgebert.export.translation.graphs import SourceGraph, TargetGraph
from edgebert.machine import installed_versions
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.records.manifest import DECODER, ENCODER, Count

GRAPHS = {ENCODER: "encoder.onnx", DECODER: "decoder.onnx"}

Axes = tuple[str | None, ...]

_SOURCE = ("sources", "source_tokens")
_CROSS: dict[str, Axes] = {
    "cross_key": ("sources", None, "source_tokens", None),
    "cross_value": ("sources", None, "source_tokens", None),
}
_ENCODER: dict[str, Axes] = {
    "input_ids": _SOURCE,
    "attention_mask": _SOURCE,
    "token_type_ids": _SOURCE,
    **_CROSS,
}
_DECODER: dict[str, Axes] = {
    "input_ids": ("rows", "tokens"),
    "past_lengths": ("rows",),
    "past_key": ("rows", None, "past", None),
    "past_value": ("rows", None, "past", None),
    **_CROSS,
    "source_mask": _SOURCE,
    "log_probabilities": ("rows", "tokens", None),
    "present_key": ("rows", None, "tokens", None),
    "present_value": ("rows", None, "tokens", None),
}
_AXES = {GRAPHS[ENCODER]: _ENCODER, GRAPHS[DECODER]: _DECODER}
"""The axes of what each graph takes and gives, whatever the layer; None is of one size."""


def write_graphs(
    checkpoint: Checkpoint, folder: Path, options: ExportOptions, *, token_types: bool
) -> WrittenGraphs:
    """Write the graphs of a translator.

    Args:
        checkpoint: a translator.
        folder: where they are written.
        options: target, opset, and how large a file may be.
        token_types: whether the encoder's takes token types where the model does (see `trace`).

    Raises:
        CheckpointError: it cannot be traced, or not for this opset.
    """
    model: TranslationModel = load_plainly(checkpoint)
    traced = {
        ENCODER: _trace_source(model, checkpoint, folder, options, token_types=token_types),
        DECODER: _trace_target(model, checkpoint, folder, options),
    }
    free_weights(model)
    written = [_shape(folder / GRAPHS[role], one, options) for role, one in traced.items()]
    return WrittenGraphs(
        coverage=_summed(one.coverage for one in written),
        lost=[sentence for one in written for sentence in one.lost],
        unfused={part: why for one in written for part, why in one.unfused.items()},
    )


def _trace_source(
    model: TranslationModel,
    checkpoint: Checkpoint,
    folder: Path,
    options: ExportOptions,
    *,
    token_types: bool,
) -> Traced:
    graph = SourceGraph(model.encoder, model.decoder).eval()
    layers = model.decoder.shape.layers
    outputs = (*of_layers("cross_key", layers), *of_layers("cross_value", layers))
    reading = Reading(graph, model.encoder, outputs, token_types, _SOURCE)
    return trace_reading(reading, checkpoint, folder / GRAPHS[ENCODER], options)


def _trace_target(
    model: TranslationModel, checkpoint: Checkpoint, folder: Path, options: ExportOptions
) -> Traced:
    graph = TargetGraph(model.decoder).eval()
    shape = model.decoder.shape
    inputs = _example(shape)
    ran = trace_operators(graph, inputs)
    outputs = (
        "log_probabilities",
        *of_layers("present_key", shape.layers),
        *of_layers("present_value", shape.layers),
    )
    traceable = Traceable(
        graph,
        inputs,
        {name: _varying(name, value) for name, value in inputs.items()},
        [given for name, value in inputs.items() for given in _given(name, value)],
        outputs,
    )
    write_traced(traceable, folder / GRAPHS[DECODER], options, checkpoint)
    return expected_beside_attention(ran, options)


def of_layers(name: str, layers: int) -> tuple[str, ...]:
    """The names of what each layer of a decoder has."""
    return tuple(f"{name}.{layer}" for layer in range(layers))


def _example(shape: DecoderShape) -> dict[str, torch.Tensor | list[torch.Tensor]]:
    """Two sources of two beams, whose rows have come differently far."""
    rows, sources, tokens, past, read = 4, 2, 3, 5, 7

    def of_heads(count: int, places: int) -> list[torch.Tensor]:
        width = shape.hidden // shape.heads
        return [torch.zeros(count, shape.heads, places, width) for _ in range(shape.layers)]

    return {
        "input_ids": torch.ones(rows, tokens, dtype=torch.long),
        "past_lengths": torch.arange(rows),
        "past_key": of_heads(rows, past),
        "past_value": of_heads(rows, past),
        "cross_key": of_heads(sources, read),
        "cross_value": of_heads(sources, read),
        "source_mask": torch.ones(sources, read, dtype=torch.long),
    }


def _varying(name: str, value: torch.Tensor | list[torch.Tensor]) -> Any:
    """Which axes of an input may have any size, as `torch.export` takes it."""
    axes = {axis: torch.export.Dim.AUTO for axis, size in enumerate(_DECODER[name]) if size}
    return [axes for _ in value] if isinstance(value, list) else axes


def _given(name: str, value: torch.Tensor | list[torch.Tensor]) -> tuple[str, ...]:
    return of_layers(name, len(value)) if isinstance(value, list) else (name,)


def _shape(path: Path, traced: Traced, options: ExportOptions) -> WrittenGraphs:
    """Bring a graph that was traced into the form for its target."""
    model = load_traced(path)
    shape_for_target(model, options)
    merge_heads(model)
    _name_axes(model.graph, _AXES[path.name])
    del model.graph.value_info[:]  # shapes under names that the passes took away or gave anew
    model.producer_name, model.producer_version = "edgebert", installed_versions().get("torch", "")
    coverage, lost = coverage_of(model, traced), lost_coverage(model, traced)
    drop_trace_notes(model)
    save_model(model, path, options.external_data_bytes)
    return WrittenGraphs(coverage, lost, traced.unfused)


def _name_axes(graph: onnx.GraphProto, names: Mapping[str, Axes]) -> None:
    """Call the axes of what a graph takes and gives as the bundle's format does."""
    for value in (*graph.input, *graph.output):
        axes = names[value.name.partition(".")[0]]
        for dim, name in zip(value.type.tensor_type.shape.dim, axes, strict=True):
            if name:
                dim.dim_param = name


def _summed(counts: Iterable[Mapping[str, Count]]) -> dict[str, Count]:
    summed: dict[str, Count] = {}
    for part, count in ((part, count) for one in counts for part, count in one.items()):
        before = summed.get(part, Count(0, 0))
        summed[part] = Count(before.expected + count.expected, before.found + count.found)
    return summed
