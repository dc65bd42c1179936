"""A checkpoint's forward pass as an ONNX graph, with attention fused and pooling inside."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import onnx
import onnxscript.optimizer
import torch

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import load_model, quiet_transformers
from edgebert.errors import CheckpointError
from edgebert.export.failures import failures_of_running, failures_of_tracing
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
from edgebert.export.passes.int32_inputs import take_int32_inputs
from edgebert.export.source.refusals import require_encoder
from edgebert.export.task_graphs import task_graph

_TYPES = "token_type_ids"
_MEGABYTE = 2**20


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
    require_encoder(checkpoint)
    register_attention()
    model = load_model(checkpoint, attention=PLAIN_ATTENTION)
    gelu_as_one_function(model)
    layer_norm_as_one_function(model)
    graph = task_graph(model, checkpoint)
    with quiet_transformers(), failures_of_running(checkpoint):
        inputs = _example_inputs(model, checkpoint.max_length, options)
        if not token_types and inputs.pop(_TYPES, None) is not None:
            model.register_forward_pre_hook(_give_zero_types, with_kwargs=True)
        unfused = open_attention(model, checkpoint.max_length)
        ran = trace_operators(graph, inputs)
    choose_attention(graph, _attention_for(options.target, is_open=bool(ran.open_attention)))
    with _quiet_exporter(), failures_of_tracing(checkpoint):
        program = _export(graph, inputs, checkpoint, options)
        _save(program, path, options)
    _free(graph)
    _require_opset(program.model.opset_imports[""], options.opset)
    return expected_operators(ran, model.config, unfused, options)


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


def _export(
    graph: torch.nn.Module,
    inputs: dict[str, torch.Tensor],
    checkpoint: Checkpoint,
    options: ExportOptions,
) -> Any:
    axes = {
        0: torch.export.Dim("batch"),
        1: torch.export.Dim("sequence", max=checkpoint.max_length),
    }
    program: Any = torch.onnx.export(
        graph,
        kwargs=inputs,
        input_names=list(inputs),
        output_names=list(checkpoint.spec.task.graph_outputs),
        dynamic_shapes=None if options.fixed_shape else dict.fromkeys(inputs, axes),
        opset_version=options.opset,
        dynamo=True,
        optimize=False,
        verbose=False,
    )
    return program


def _save(program: Any, path: Path, options: ExportOptions) -> None:
    """Write the graph of an exported program, and free its weights."""
    graph = program.model.graph
    weights = list(graph.initializers.values())
    # without the exporter's own fusions: at opset 23 they write rotary embeddings that only fit
    # a batch of 1
    onnxscript.optimizer.optimize_ir(program.model)
    if options.ids == "int32":
        take_int32_inputs(program.model)
    try:
        program.save(str(path), external_data=True)  # in one file, all would be copied twice more
    except OSError as error:
        if error.errno is None:  # numpy keeps to itself what the system said
            _write_again(path, sum(weight.const_value.nbytes for weight in weights))
        raise
    for weight in (*weights, *graph.initializers.values()):
        weight.const_value = None


def load_traced(path: Path) -> onnx.ModelProto:
    """Read what the exporter wrote, with the weights that it put beside the graph."""
    model = onnx.load(path)
    path.with_name(f"{path.name}.data").unlink(missing_ok=True)
    return model


def _write_again(path: Path, size_bytes: int) -> None:
    """Meet the system's own error, which says why so many bytes cannot be written beside `path`.

    Raises:
        OSError: the disk is full, say.
    """
    with path.with_name(f"{path.name}.data").open("ab") as file:
        for _ in range(size_bytes // _MEGABYTE + 1):
            file.write(bytes(_MEGABYTE))


def _free(graph: torch.nn.Module) -> None:
    """Empty what was traced: torch and onnxscript both keep the last graph that they saw."""
    for parameter in graph.parameters():
        parameter.data = torch.empty(0)


def _require_opset(found: int, asked: int) -> None:
    if found != asked:
        raise CheckpointError(
            f"torch {torch.__version__} writes opset {found} where {asked} was asked for; "
            f"use --opset {found}"
        )


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """The exporter warns of its own deprecations, and prints what it could not trace."""
    loggers = [
        logging.getLogger(name) for name in ("torch.fx", "torch.onnx", "onnxscript", "onnx_ir")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            with quiet_transformers():
                yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
