"""Writes a student whose vocabulary holds only what some texts need."""

from __future__ import annotations

import tempfile
from pathlib import Path

from edgebert.checkpoint import Checkpoint, read_folder
from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.records.manifest import TrimmedVocabulary
from edgebert.training.tasks.task import Task
from edgebert.vocabulary import texts_cut_otherwise, trim_vocabulary


def refuse_other_pieces(checkpoint: Checkpoint, corpus: Path, *examples: Examples | None) -> None:
    """Refuse texts to trim a vocabulary for that lack what the examples are made of.

    Raises:
        InputError: examples would be cut into other pieces than those that are learned.
    """
    files = [file for file in examples if file is not None]
    counts = texts_cut_otherwise(checkpoint, corpus, [file.single_texts() for file in files])
    for file, lost in zip(files, counts, strict=True):
        if lost:
            raise InputError(
                f"--trim-vocabulary {corpus}: {lost:,} texts of {file.path} would be cut into other "
                "pieces than those that are learned: give a file that holds them too"
            )


def write_student(
    student: Task, start: Checkpoint, folder: Path, corpus: Path | None
) -> TrimmedVocabulary | None:
    """Write a student into a folder, with the vocabulary that a corpus needs where one is given.

    Raises:
        CheckpointError: a tokenizer that cannot be trimmed.
        GateError: the student would answer otherwise with the smaller vocabulary.
    """
    if corpus is None:
        student.write(folder)
        return None
    with tempfile.TemporaryDirectory() as aside:
        student.write(Path(aside))
        whole = read_folder(Path(aside), task=start.task, max_length=start.max_length)
        return trim_vocabulary(whole, corpus, folder)
