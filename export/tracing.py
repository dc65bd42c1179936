"""A checkpoint's forward pass as an ONNX graph, with attention fused and pooling inside."""

from __future__ import annotations

import inspect
import logging
import warnings
from pathlib import Path
from typing import Any

import torch

from edgebert.checkpoint import Checkpoint
from edgebert.errors import CheckpointError
from edgebert.export.attention import FUSED_ATTENTION, register_fused_attention
from edgebert.export.options import ExportOptions
from edgebert.export.task_graphs import output_names, task_graph
from edgebert.pytorch import load_model


def trace(checkpoint: Checkpoint, path: Path, options: ExportOptions) -> int:
    """Write the graph of a checkpoint to `path`.

    Returns:
        How many LayerNorm modules the PyTorch model has, for the coverage count.

    Raises:
        CheckpointError: the architecture does not take its attention from transformers'
            attention interface, or cannot be traced.
    """
    register_fused_attention()
    model = load_model(checkpoint, attention=FUSED_ATTENTION)
    inputs = _example_inputs(model)
    program = _export(task_graph(model, checkpoint), inputs, checkpoint, options.opset)
    program.save(str(path))
    return sum(isinstance(module, torch.nn.LayerNorm) for module in model.modules())


def _example_inputs(model: Any) -> dict[str, torch.Tensor]:
    """A ragged int64 [2, 9] batch for each input that the model takes."""
    ids = torch.arange(18).reshape(2, 9) % model.config.vocab_size
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    takes_types = "token_type_ids" in inspect.signature(model.forward).parameters
    if takes_types and getattr(model.config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = torch.zeros_like(ids)
    return inputs


def _export(
    graph: torch.nn.Module,
    inputs: dict[str, torch.Tensor],
    checkpoint: Checkpoint,
    opset: int,
) -> Any:
    batch = torch.export.Dim("batch")
    sequence = torch.export.Dim("sequence", max=checkpoint.max_length)
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the exporter warns of its own deprecations
            return torch.onnx.export(
                graph,
                kwargs=inputs,
                input_names=list(inputs),
                output_names=list(output_names(checkpoint.task)),
                dynamic_shapes={name: {0: batch, 1: sequence} for name in inputs},
                opset_version=opset,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.errors.OnnxExporterError as error:
        raise CheckpointError(
            f"{checkpoint.architecture} cannot be exported: {str(error).strip().splitlines()[0]}"
        ) from error
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
