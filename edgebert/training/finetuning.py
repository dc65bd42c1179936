"""Fine-tunes a checkpoint for one task on labelled examples."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from edgebert.checkpoint import open_checkpoint
from edgebert.data import Examples, read_examples
from edgebert.data.columns import refuse_without_columns
from edgebert.records.trained import TrainingRecord
from edgebert.training.loop.fit import fit
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import FinetuneOptions
from edgebert.training.recipe import Given
from edgebert.training.results import Run
from edgebert.training.tasks.drawing import draw
from edgebert.training.tasks.sentences.mining import with_negatives
from edgebert.training.tasks.trainable import trainable
from edgebert.training.watching import watched


def finetune(
    model: str,
    output: Path,
    *,
    task: str,
    train: Path,
    dev: Path | None = None,
    options: FinetuneOptions,
    resume: bool = False,
    tensorboard: Path | None = None,
    force: bool = False,
    offline: bool = False,
) -> TrainingRecord:
    """Train a checkpoint for a task, and keep the epoch that does best on `dev`.

    Args:
        model: a local folder or a Hugging Face id.
        output: the checkpoint to write; for sentence-similarity a sentence-transformers folder.
        task: the name of one of `edgebert.training.TASKS`.
        train: examples with labels, entities or scores, as the task needs.
        dev: the same for choosing the epoch; without it the last one is kept.
        options: how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        tensorboard: where TensorBoard finds the curves while they grow, under the output's name.
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: `model` cannot be loaded.
        InputError: a file without what the task needs, a label that only `dev` has, or an option
            of another task.
        MissingExtra: `tensorboard` is asked for and not installed.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    kind = trainable(task)
    kind.refuse_options(options)
    given: Given = {"model": model, "task": task, "train": train, "dev": dev}
    run = Run("finetune", task, given, output, options)
    with (
        run.folder(resume=resume, force=force) as folder,
        watched(tensorboard, output) as watch,
        seeded(options.seed),
    ):
        refuse_without_columns(options.columns, run.data)
        examples = _read(train, "train", options)
        checkpoint = open_checkpoint(
            model, task=kind.opened_as, max_length=options.max_length, offline=offline
        )
        prepared = kind.put(checkpoint, examples, options)
        train_data = prepared.encode(draw(examples, options))
        train_data = with_negatives(train_data, prepared.model, options)
        held_out = _read(dev, "dev", options) if dev else None
        dev_data = prepared.encode(held_out) if held_out is not None else None
        fitted = fit(
            prepared.model,
            train_data,
            options,
            exam=dev_data,
            label="fine-tuning",
            head_learning_rate=options.head_learning_rate,
            frozen_epochs=options.frozen_epochs,
            unfinished=run.unfinished(prepared.write, checkpoint),
            watch=watch,
        )
        prepared.write(folder)
        rows = {"train": len(examples), "dev": len(held_out or ())}
        count = len(train_data.lengths)
        return run.finish(folder, prepared.model, count, fitted, exam=dev_data, rows=rows)


def _read(path: Path, split: Literal["train", "dev"], options: FinetuneOptions) -> Examples:
    return read_examples(path, columns=options.columns.of(path), split=split)
