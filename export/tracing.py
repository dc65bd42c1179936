"""A checkpoint's forward pass as an ONNX graph, with attention fused and pooling inside."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import load_model, quiet_transformers
from edgebert.export.failures import failures_of_running
from edgebert.export.families import open_attention
from edgebert.export.operators.activations import gelu_as_one_function
from edgebert.export.operators.attention import (
    FUSED_ATTENTION,
    PLAIN_ATTENTION,
    choose_attention,
    register_attention,
)
from edgebert.export.operators.expected_operators import FUSED_TARGETS, Traced, expected_operators
from edgebert.export.operators.normalization import layer_norm_as_one_function
from edgebert.export.operators.operator_trace import trace_operators
from edgebert.export.options import ExportOptions
from edgebert.export.source.refusals import require_exportable
from edgebert.export.task_graphs import task_graph
from edgebert.export.traced_file import Traceable, free_weights, write_traced

_TYPES = "token_type_ids"


def trace(
    checkpoint: Checkpoint, path: Path, options: ExportOptions, *, token_types: bool = True
) -> Traced:
    """Write the graph of a checkpoint to `path`.

    Args:
        checkpoint: what to trace.
        path: the file.
        options: target, shape and opset.
        token_types: whether the graph takes token types where the model does. Where transformers'
            tokenizer gives none it must not: every reader of the folder would feed those that
            tokenizer.json gives, and of a pair they are not the zeros that the model was used with.

    Raises:
        CheckpointError: the architecture cannot be run or traced, or not for this opset.
    """
    require_exportable(checkpoint)
    model = load_plainly(checkpoint)
    reading = Reading(
        task_graph(model, checkpoint), model, checkpoint.spec.task.graph_outputs, token_types
    )
    traced = trace_reading(reading, checkpoint, path, options)
    free_weights(reading.graph)
    return traced


def load_plainly(checkpoint: Checkpoint) -> Any:
    """The model of a checkpoint with the attention that every runtime has."""
    register_attention()
    return load_model(checkpoint, attention=PLAIN_ATTENTION)


@dataclass(frozen=True)
class Reading:
    """A module that reads texts.

    Attributes:
        graph: what is traced, with `encoder` in it.
        encoder: transformers' model.
        outputs: names of what the graph gives.
        token_types: see `trace`.
        axes: names of the axes of its inputs.
    """

    graph: torch.nn.Module
    encoder: Any
    outputs: Sequence[str]
    token_types: bool = True
    axes: tuple[str, str] = ("batch", "sequence")


def trace_reading(
    reading: Reading, checkpoint: Checkpoint, path: Path, options: ExportOptions
) -> Traced:
    """Write the graph of a module that reads texts; arguments and errors as of `trace`."""
    graph, encoder = reading.graph, reading.encoder
    gelu_as_one_function(encoder)
    layer_norm_as_one_function(encoder)
    with quiet_transformers(), failures_of_running(checkpoint):
        inputs = _example_inputs(encoder, checkpoint.max_length, options)
        if not reading.token_types and inputs.pop(_TYPES, None) is not None:
            encoder.register_forward_pre_hook(_give_zero_types, with_kwargs=True)
        unfused = open_attention(encoder, checkpoint.max_length)
        ran = trace_operators(graph, inputs)
    choose_attention(graph, _attention_for(options.target, is_open=bool(ran.open_attention)))
    rows, tokens = reading.axes
    axes = {0: torch.export.Dim(rows), 1: torch.export.Dim(tokens, max=checkpoint.max_length)}
    shapes = None if options.fixed_shape else dict.fromkeys(inputs, axes)
    traceable = Traceable(graph, inputs, shapes, list(inputs), reading.outputs)
    write_traced(traceable, path, options, checkpoint)
    return expected_operators(ran, encoder.config, unfused, options)


def _attention_for(target: str, *, is_open: bool) -> str:
    """The attention for a target; a model whose own attention is closed can only be plain."""
    return FUSED_ATTENTION if is_open and target in FUSED_TARGETS else PLAIN_ATTENTION


def _give_zero_types(_model: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """As the model does by itself, where it looks for as many zeros in a table of its own."""
    return args, {**kwargs, _TYPES: torch.zeros_like(kwargs["input_ids"])}


def _example_inputs(model: Any, max_length: int, options: ExportOptions) -> dict[str, torch.Tensor]:
    """A ragged int64 batch for each input that the model takes, [2, 9] unless the shape is fixed."""
    batch, tokens = options.fixed_shape or (2, min(9, max_length))
    ids = torch.arange(batch * tokens).reshape(batch, tokens) % model.config.vocab_size
    mask = torch.ones_like(ids)
    mask[-1, 2 * tokens // 3 :] = 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    takes_types = _TYPES in inspect.signature(model.forward).parameters
    if takes_types and getattr(model.config, "type_vocab_size", 0) > 1:
        inputs[_TYPES] = torch.zeros_like(ids)
    return inputs
