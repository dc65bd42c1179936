"""A trained translator, ready to read and to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import load_model, load_tokenizer
from edgebert.checkpoint.translation.model import TranslationModel
from edgebert.checkpoint.translation.target_tokenizer import (
    TARGET_TOKENIZER,
    read_target_tokenizer,
)
from edgebert.errors import CheckpointError


@dataclass(frozen=True)
class Translator:
    """A translator in PyTorch.

    Attributes:
        model: in evaluation mode, float32.
        tokenizer: of the sources, transformers' own.
        target: of what it writes.
    """

    model: TranslationModel
    tokenizer: Any
    target: Tokenizer


def open_translator(checkpoint: Checkpoint, *, attention: str | None = None) -> Translator:
    """Load all that a translator is made of.

    Args:
        checkpoint: a folder of a translator.
        attention: one of transformers' attentions, of the encoder; by default the fastest that it has.

    Raises:
        CheckpointError: it is none, its weights are missing or do not fit, or its tokenizers do not.
    """
    model = load_model(checkpoint, attention=attention)
    target = fitting_target_tokenizer(checkpoint, model)
    return Translator(model, load_tokenizer(checkpoint), target)


def fitting_target_tokenizer(checkpoint: Checkpoint, model: TranslationModel) -> Tokenizer:
    """The tokenizer of the targets.

    Raises:
        CheckpointError: it cannot be read, or has another number of pieces than the decoder.
    """
    target = read_target_tokenizer(checkpoint.path)
    if target.get_vocab_size() != model.config.vocab_size:
        raise CheckpointError(
            f"{checkpoint.path} writes with {model.config.vocab_size} pieces, and its "
            f"{TARGET_TOKENIZER} has {target.get_vocab_size()}"
        )
    return target
