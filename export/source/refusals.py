"""Checkpoints of transformers that are no text encoders: told before their weights are read."""

from __future__ import annotations

from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
)

from edgebert.checkpoint import Checkpoint, task_of_head
from edgebert.checkpoint.pytorch import is_encoder_alone, load_config
from edgebert.checkpoint.told_task import never_exported
from edgebert.errors import CheckpointError
from edgebert.sentence_modules import list_modules
from edgebert.tasks import TASKS

_READ_BOTH_WAYS = frozenset({"bert-generation", "xlnet"})
"""Families that write text in one form, and are encoders in the other."""


def require_exportable(checkpoint: Checkpoint) -> None:
    """Refuse a model that has a decoder which is not ours, or was made one, as a BERT can be.

    T5's encoder alone is one.

    Raises:
        CheckpointError: it has one, or is of no known kind, or of another task than asked for.
    """
    told = next((task.name for task in TASKS if task.model_type == checkpoint.architecture), None)
    if told is not None and told != checkpoint.task:
        raise CheckpointError(f"{checkpoint.id} was trained for {told}, not for {checkpoint.task}")
    if told is not None:
        return
    if not checkpoint.spec.task.fits_encoders:
        raise never_exported(checkpoint.id, checkpoint.task)
    config = load_config(checkpoint)
    if getattr(config, "is_encoder_decoder", False) and not is_encoder_alone(checkpoint):
        raise CheckpointError(
            f"{checkpoint.architecture} has a decoder; only encoders are exported"
        )
    if getattr(config, "is_decoder", False):
        raise CheckpointError(
            f"{checkpoint.id} is a decoder (its config.json says is_decoder), where each token sees "
            "those before it alone; only encoders are exported"
        )


def refuse_sparse_attention(checkpoint: Checkpoint) -> None:
    """Refuse lengths from which BigBird looks at random blocks: short inputs see all.

    transformers turns a model to full attention for good at its first short input, so that what
    it answers to a long one depends on what it was asked before.

    Raises:
        CheckpointError: the longest input is one of those.
    """
    config = load_config(checkpoint)
    if getattr(config, "attention_type", None) != "block_sparse":
        return
    full = (5 + 2 * config.num_random_blocks) * config.block_size
    if checkpoint.max_length > full:
        raise CheckpointError(
            f"{checkpoint.id} looks at some blocks of an input of more than {full} tokens, chosen "
            f"at random, which no graph can hold; shorter ones are exported: --max-length {full}"
        )


def refuse_generator(checkpoint: Checkpoint, *, asked: str | None) -> None:
    """Refuse a family that writes text, unless this one classifies, or is said to embed.

    Args:
        checkpoint: as it was opened.
        asked: the task that was asked for.

    Raises:
        CheckpointError: it is one.
    """
    family = checkpoint.architecture
    writes = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) - set(MODEL_FOR_MASKED_LM_MAPPING_NAMES)
    if family not in writes - _READ_BOTH_WAYS:
        return
    if asked or task_of_head(checkpoint.config) or list_modules(checkpoint.root):
        return
    raise CheckpointError(
        f"{checkpoint.id} is a decoder ({family}), which writes text; only encoders are exported: "
        "--task feature-extraction makes an embedding model of it"
    )
