"""Scores a checkpoint on labelled examples, and makes the one that chance is measured with."""

from __future__ import annotations

from pathlib import Path

from edgebert.checkpoint import open_checkpoint
from edgebert.data import Columns, read_examples
from edgebert.output import new_folder
from edgebert.training.loop.seeding import seeded
from edgebert.training.models import save_model
from edgebert.training.tasks.trainable import load_task


def evaluate(
    model: str, data: Path, *, columns: Columns | None = None, offline: bool = False
) -> float:
    """The task's metric (accuracy, entity F1 or Spearman correlation) on a file, in points.

    Raises:
        CheckpointError: the model cannot be loaded.
        InputError: a file without what the task needs, or a label the model does not have.
    """
    task = load_task(open_checkpoint(model, offline=offline))
    exam = task.encode(read_examples(data, columns=columns))
    return exam.scores(task.model)[exam.metrics[0]]


def write_untrained(model: str, output: Path, *, seed: int) -> None:
    """Write a checkpoint of the same architecture whose weights are all random.

    Raises:
        CheckpointError: the model cannot be loaded.
        OutputError: `output` exists, or cannot be written.
    """
    task = load_task(open_checkpoint(model, offline=True))
    with new_folder(output) as folder, seeded(seed):
        save_model(type(task.model)(task.model.config), task.tokenizer, folder)
