"""Anything that turns texts into arrays: bundles and checkpoints look alike from here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from edgebert.bundle import MANIFEST
from edgebert.data import Text
from edgebert.errors import InputError, MissingExtra
from edgebert.runtimes import Entity, load
from edgebert.runtimes.answers import Array
from edgebert.runtimes.entities import TokenizedText, decode_entities


class TextModel(Protocol):
    """What drift asks of a model. `edgebert.runtimes.Model` is one."""

    @property
    def task(self) -> str: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def multi_label(self) -> bool: ...
    @property
    def max_length(self) -> int: ...

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Raw output for each text: [dim], [labels] or [tokens, labels]."""
        ...

    def tokenized(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Tokens of each text with their characters and words."""
        ...


def open_source(path: str, *, max_length: int | None = None, offline: bool = False) -> TextModel:
    """Open a bundle, or else a checkpoint (which needs torch and transformers).

    Args:
        path: a bundle, a checkpoint folder or a hub id.
        max_length: tokens at which a checkpoint truncates; a bundle carries its own.
        offline: never touch the network.

    Raises:
        EdgebertError: it is neither.
    """
    if (Path(path) / MANIFEST).is_file():
        return load(path)
    from edgebert.checkpoint import open_checkpoint

    checkpoint = open_checkpoint(path, max_length=max_length, offline=offline)
    try:
        from edgebert.drift.checkpoint import CheckpointModel
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "transformers"):
            raise
        raise MissingExtra(f"running the checkpoint {path}", "export") from error
    return CheckpointModel(checkpoint)


def entities_of(
    model: TextModel, texts: Sequence[Text], outputs: Sequence[Array]
) -> list[list[Entity]]:
    """Entities of each text, from the model's own outputs for it."""
    plain = [text for text in texts if isinstance(text, str)]
    if len(plain) != len(texts):
        raise InputError("token classification reads single texts, not pairs")
    return [
        decode_entities(tokenized, logits, model.labels)
        for tokenized, logits in zip(model.tokenized(plain), outputs, strict=True)
    ]
