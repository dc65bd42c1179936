"""The files that lie beside the graphs of a bundle: tokenizers and configurations."""

from __future__ import annotations

import logging
from pathlib import Path

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.tokenizer_file import CONFIG, FILE
from edgebert.export.tokenizer_files import (
    name_no_class,
    write_config,
    write_tokenizer,
)
from edgebert.machine import installed_versions
from edgebert.records.made import TokenizerDifference
from edgebert.references.pytorch_model import CheckpointModel

_LOGGER = logging.getLogger(__name__)


def write_companions(
    reference: CheckpointModel, folder: Path, tokenizer: TokenizerDifference | None
) -> None:
    """Write the tokenizer of what is read, and the configuration.

    Args:
        reference: the checkpoint.
        folder: the bundle.
        tokenizer: where its tokenizer files do not agree on a text, which is told.
    """
    checkpoint = reference.checkpoint
    write_tokenizer(reference.tokenizer, folder, checkpoint.max_length, checkpoint.spec.task)
    if tokenizer:
        _LOGGER.warning("%s", _told(checkpoint, tokenizer))
        name_no_class(reference.tokenizer, folder)
    write_config(reference.model.config, folder)


def _told(checkpoint: Checkpoint, tokenizer: TokenizerDifference) -> str:
    reasons = {
        FILE: "as transformers 4 and all who read the file itself",
        CONFIG: "as transformers 4 and 5",
    }
    return (
        f"{checkpoint.id}: tokenizer.json cuts {tokenizer.text[:60]!r} into "
        f"{' '.join(tokenizer.file)[:120]}, transformers {installed_versions().get('transformers', '')} into "
        f"{' '.join(tokenizer.transformers)[:120]} ({tokenizer.texts} such texts of those tried); the "
        f"bundle follows {tokenizer.follows}, {reasons[tokenizer.follows]}"
    )
