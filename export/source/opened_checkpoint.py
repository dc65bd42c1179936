"""The checkpoint that an export starts from: fetched, freed of pickles, its vocabulary trimmed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from edgebert.checkpoint import Checkpoint, open_checkpoint, task_of_head
from edgebert.checkpoint.model_folder import find_folder
from edgebert.errors import CheckpointError
from edgebert.export.options import ExportOptions
from edgebert.export.source.pickles import without_pickles
from edgebert.export.source.refusals import (
    refuse_generator,
    refuse_sparse_attention,
    require_exportable,
)
from edgebert.records.manifest import TrimmedVocabulary
from edgebert.tasks import task_of
from edgebert.vocabulary import open_trimmed, trim_vocabulary


@dataclass(frozen=True)
class Opened:
    """A checkpoint that is ready to be exported.

    Attributes:
        sha256: of the weights as they were found.
        trimmed_vocabulary: what was kept of its vocabulary, where it was trimmed.
    """

    checkpoint: Checkpoint
    sha256: str
    trimmed_vocabulary: TrimmedVocabulary | None


@contextmanager
def opened_checkpoint(
    model: str | Path, options: ExportOptions, *, offline: bool = False
) -> Iterator[Opened]:
    """Open a checkpoint; copies that had to be made of it live as long as the block.

    Raises:
        CheckpointError: it cannot be read, asks for more trust than `options` gives, or has the
            head of another task.
        InputError: the corpus to trim for cannot be read.
        GateError: trimming changed more than it may.
    """
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = _open(model, options, Path(scratch, "safetensors"), offline=offline)
        sha256 = checkpoint.sha256()
        if options.trim_vocabulary is None:
            yield Opened(checkpoint, sha256, None)
            return
        folder = Path(scratch, "trimmed")
        trimmed = trim_vocabulary(checkpoint, options.trim_vocabulary, folder)
        yield Opened(open_trimmed(checkpoint, folder), sha256, trimmed)


def _open(
    model: str | Path, options: ExportOptions, converted: Path, *, offline: bool
) -> Checkpoint:
    source = model
    if options.allow_pickle:
        source = without_pickles(_with_pickles(model, options, offline=offline), converted)
    checkpoint = open_checkpoint(
        source,
        task=options.task,
        max_length=options.max_length,
        offline=offline,
        trust_remote_code=options.trust_remote_code,
    )
    _ = checkpoint.labels  # says so if a logit would have no name, before transformers stumbles
    require_exportable(checkpoint)
    refuse_generator(checkpoint, asked=options.task)
    refuse_sparse_attention(checkpoint)
    trained = task_of_head(checkpoint.config)
    task = checkpoint.spec.task
    if trained and task.head and task.head != task_of(trained).head:
        raise CheckpointError(
            f"{checkpoint.id} was trained for {trained}, not for {checkpoint.task}"
        )
    return checkpoint if source == model else replace(checkpoint, id=_name(model))


def _with_pickles(model: str | Path, options: ExportOptions, *, offline: bool) -> Path:
    return find_folder(
        str(model), offline=offline, with_code=options.trust_remote_code, with_pickles=True
    )


def _name(model: str | Path) -> str:
    return Path(model).name if Path(model).exists() else str(model)
