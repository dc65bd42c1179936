"""Opens what is trained and writes what was trained, as plain transformers folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.pytorch import load_tokenizer as load_fast_tokenizer
from edgebert.checkpoint.pytorch import load_weights, quiet_transformers, refuse_unknown_ids
from edgebert.checkpoint.table_model import TableModel, save_table
from edgebert.checkpoint.translation.model import TranslationConfig, TranslationModel
from edgebert.errors import CheckpointError
from edgebert.training.loop.device import training_device


def load_model(
    auto_class: Any, checkpoint: Checkpoint, config: Mapping[str, Any], *, trained: bool = False
) -> PreTrainedModel:
    """The checkpoint's weights in float32 under a head of `auto_class`, ready to train.

    Args:
        auto_class: one of transformers' Auto classes.
        checkpoint: where the weights are; a head it does not have starts at random.
        config: values that differ from the checkpoint's own configuration.
        trained: whether the head has to be there too.

    Raises:
        CheckpointError: the weights of the encoder do not fit the configuration, or it is of no
            kind that transformers knows; or it has no such head, or a decoder in its place.
    """
    return load_with_absent(auto_class, checkpoint, config, trained=trained)[0]


def load_with_absent(
    auto_class: Any, checkpoint: Checkpoint, config: Mapping[str, Any], *, trained: bool = False
) -> tuple[PreTrainedModel, tuple[str, ...]]:
    """The same, and the names of the weights that start at random."""
    writes = checkpoint.architecture == TranslationConfig.model_type
    if writes and auto_class is not TranslationModel:
        raise CheckpointError(
            f"{checkpoint.id} writes translations, and goes on with --task translation alone: for "
            "another task take the encoder that it was made of"
        )
    model, absent = load_weights(auto_class, checkpoint, **config)
    if trained:
        _refuse_random_head(model, absent, checkpoint)
    _refuse_random_encoder(model, absent, checkpoint.path)
    return refuse_unknown_ids(model).to(training_device()), tuple(absent)


def _refuse_random_encoder(model: PreTrainedModel, absent: Iterable[str], path: Path) -> None:
    """A head may start at random, and a pooler that nothing was trained with; no other weight."""
    prefix = "" if model.base_model is model else f"{model.base_model_prefix}."
    lost = sorted(key for key in absent if key.startswith(prefix) and "pooler" not in key)
    if lost:
        raise CheckpointError(
            f"{path} cannot be loaded: {len(lost)} weights are missing or of another shape than "
            f"config.json says, such as {lost[0]}"
        )


def _refuse_random_head(
    model: PreTrainedModel, absent: Iterable[str], checkpoint: Checkpoint
) -> None:
    prefix = f"{model.base_model_prefix}."
    lost = sorted(key for key in absent if not key.startswith(prefix))
    if lost and model.base_model is not model:
        raise CheckpointError(
            f"{checkpoint.path} was not trained for {checkpoint.task}: it has no fitting weights "
            f"for {lost[0]}"
        )


def load_tokenizer(checkpoint: Checkpoint) -> PreTrainedTokenizerBase:
    """The checkpoint's fast tokenizer, which truncates at the checkpoint's length."""
    tokenizer = load_fast_tokenizer(checkpoint)
    tokenizer.model_max_length = checkpoint.max_length
    return tokenizer


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write the model and its tokenizer.

    A table without a head is written as sentence-transformers and model2vec read it: these look for
    no config.json, and take one for another layout.
    """
    if isinstance(model, TableModel):
        save_table(model, tokenizer, folder)
        return
    with quiet_transformers():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
