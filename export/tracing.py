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
from edgebert.pytorch import load_model, pool
from edgebert.records.manifest import EMBEDDINGS

OPSET = 20
"""Has LayerNormalization and Gelu as single operators, and every onnxruntime since 1.17 runs it."""


class EmbeddingGraph(torch.nn.Module):
    """Token ids to token vectors and one pooled vector."""

    def __init__(self, encoder: torch.nn.Module, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.encoder = encoder
        self.pooling = checkpoint.pooling
        self.normalize = checkpoint.normalize

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = _given(input_ids, attention_mask, token_type_ids)
        hidden = self.encoder(**inputs).last_hidden_state
        pooled = pool(hidden, attention_mask, self.pooling, normalize=self.normalize)
        return hidden, pooled


class LogitsGraph(torch.nn.Module):
    """Token ids to the logits of a head."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
    ) -> torch.Tensor:
        inputs = _given(input_ids, attention_mask, token_type_ids)
        logits: torch.Tensor = self.model(**inputs).logits
        return logits


def _given(
    input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None
) -> dict[str, torch.Tensor]:
    """Keyword arguments for the model; some architectures have no token types."""
    inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
    return inputs if token_type_ids is None else {**inputs, "token_type_ids": token_type_ids}


def trace(checkpoint: Checkpoint, path: Path) -> int:
    """Write the graph of a checkpoint to `path`.

    Returns:
        How many LayerNorm modules the PyTorch model has, for the coverage count.

    Raises:
        CheckpointError: the architecture does not take its attention from transformers'
            attention interface, or cannot be traced.
    """
    register_fused_attention()
    model = load_model(checkpoint, attention=FUSED_ATTENTION)
    embeddings = checkpoint.task == EMBEDDINGS
    graph = EmbeddingGraph(model, checkpoint) if embeddings else LogitsGraph(model)
    inputs = _example_inputs(model)
    program = _export(graph.eval(), inputs, output_names(checkpoint), checkpoint)
    program.save(str(path))
    return sum(isinstance(module, torch.nn.LayerNorm) for module in model.modules())


def output_names(checkpoint: Checkpoint) -> tuple[str, ...]:
    if checkpoint.task == EMBEDDINGS:
        return ("last_hidden_state", "sentence_embedding")
    return ("logits",)


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
    outputs: tuple[str, ...],
    checkpoint: Checkpoint,
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
                output_names=list(outputs),
                dynamic_shapes={name: {0: batch, 1: sequence} for name in inputs},
                opset_version=OPSET,
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
