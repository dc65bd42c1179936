"""A head that guesses hidden words, for models that are adapted to the texts of a domain."""

from __future__ import annotations

import logging
from functools import partial

from transformers import AutoModelForMaskedLM, PreTrainedModel

from edgebert.checkpoint import Checkpoint
from edgebert.data import Examples
from edgebert.errors import CheckpointError
from edgebert.training.models import load_model, load_tokenizer, load_with_absent
from edgebert.training.options import FinetuneOptions
from edgebert.training.tasks.asked import NotAsked
from edgebert.training.tasks.masked_words import encode_texts
from edgebert.training.tasks.task import Task

_LOGGER = logging.getLogger(__name__)


def put_guesser(checkpoint: Checkpoint, examples: Examples, options: FinetuneOptions) -> Task:
    """The head that the checkpoint has, or a new one, of which the log tells.

    A new head is worth training too: it shares the embeddings and has few weights beside them, and
    what the encoder learns of a domain is what later tasks start from.
    """
    model, absent = load_with_absent(AutoModelForMaskedLM, checkpoint, {})
    if any("pooler" not in name for name in absent):
        _LOGGER.warning("%s has no head that guesses words: one starts at random", checkpoint.id)
    return _guesser(model, checkpoint)


def open_guesser(checkpoint: Checkpoint) -> Task:
    """A trained one."""
    return _guesser(load_model(AutoModelForMaskedLM, checkpoint, {}, trained=True), checkpoint)


def put_guesser_like(checkpoint: Checkpoint, other: Checkpoint) -> Task:
    """Refused: no student learns to guess words."""
    return NotAsked(other)()


def _guesser(model: PreTrainedModel, checkpoint: Checkpoint) -> Task:
    tokenizer = load_tokenizer(checkpoint)
    if tokenizer.mask_token_id is None:
        raise CheckpointError(
            f"{checkpoint.id} has no mask token, so no word can be hidden from it"
        )
    return Task(
        model,
        tokenizer,
        targets="texts",
        encode=partial(encode_texts, tokenizer=tokenizer),
        answer=NotAsked(checkpoint),
        ask=NotAsked(checkpoint),
    )
