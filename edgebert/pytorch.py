"""Checkpoints in PyTorch: the one door to transformers' models and tokenizers, and pooling."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers

from edgebert.checkpoint import Checkpoint
from edgebert.errors import CheckpointError
from edgebert.records.manifest import (
    EMBEDDINGS,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)

_CLASSES = {
    EMBEDDINGS: transformers.AutoModel,
    TEXT_CLASSIFICATION: transformers.AutoModelForSequenceClassification,
    TOKEN_CLASSIFICATION: transformers.AutoModelForTokenClassification,
    QUESTION_ANSWERING: transformers.AutoModelForQuestionAnswering,
}


def load_model(checkpoint: Checkpoint, *, attention: str | None = None) -> Any:
    """Load the weights into PyTorch, in evaluation mode.

    Args:
        checkpoint: where the weights are.
        attention: one of transformers' attentions; by default the fastest that the model has.

    Raises:
        CheckpointError: they do not fit, or some are missing: transformers would draw those at
            random and go on.
    """
    auto_class = _CLASSES[checkpoint.task]
    model, missing = load_weights(auto_class, checkpoint, attn_implementation=attention)
    if checkpoint.task == EMBEDDINGS:  # which do not pass through BERT's pooler
        missing = {name for name in missing if not name.startswith("pooler.")}
    if missing:
        raise CheckpointError(
            f"{checkpoint.path} has no fitting weights for {min(missing)}: "
            f"it was not trained for {checkpoint.task}, or config.json is not its own"
        )
    return model.eval()


def load_weights(auto_class: Any, checkpoint: Checkpoint, **config: Any) -> tuple[Any, set[str]]:
    """Load the weights in float32 under a head of `auto_class`, one of transformers' Auto classes.

    Args:
        auto_class: decides the head; one that the checkpoint does not have starts at random.
        checkpoint: where the weights are.
        config: values that differ from the checkpoint's own configuration.

    Returns:
        The model, and the names of the weights that the checkpoint does not have, or has in
        another shape.

    Raises:
        CheckpointError: the weights do not fit the configuration, or it is of no known kind.
    """
    with quiet_transformers(), _failures_named(checkpoint.path):
        model, info = auto_class.from_pretrained(
            checkpoint.path,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            local_files_only=True,
            **config,
        )
    return model, {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])}


def pool(
    hidden: torch.Tensor, attention_mask: torch.Tensor, pooling: str | None, *, normalize: bool
) -> torch.Tensor:
    """Make one vector of each text's token vectors.

    Args:
        hidden: float [texts, tokens, hidden].
        attention_mask: int64 [texts, tokens].
        pooling: "cls", or else the mean of the tokens that are not masked.
        normalize: scale each vector to length 1.
    """
    if pooling == "cls":
        pooled = hidden[:, 0]
    else:
        real = attention_mask.unsqueeze(-1).to(hidden.dtype)
        # a row that is all padding divides by 1, not by 0
        pooled = (hidden * real).sum(dim=1) / real.sum(dim=1).clamp(min=1.0)
    return torch.nn.functional.normalize(pooled, dim=-1) if normalize else pooled


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """Load the checkpoint's tokenizer in its fast form, which knows words and offsets.

    Raises:
        CheckpointError: it cannot be loaded, or has no fast form.
    """
    with quiet_transformers(), _failures_named(checkpoint.path):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            checkpoint.path, local_files_only=True
        )
    if not tokenizer.is_fast:
        raise CheckpointError(
            f"{checkpoint.path} has no tokenizer.json, and none can be made of it"
        )
    return tokenizer


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' warnings and bars off the terminal: what matters is said by us."""
    verbosity = transformers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(verbosity)
        if bars:
            transformers.logging.enable_progress_bar()


@contextmanager
def _failures_named(path: Path) -> Iterator[None]:
    """Transformers, safetensors and tokenizers raise many kinds of error for a bad folder."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be loaded: {reason}") from error
