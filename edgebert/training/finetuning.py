"""Fine-tunes a checkpoint for one task on labelled examples."""

from __future__ import annotations

from pathlib import Path

from edgebert.checkpoint import open_checkpoint
from edgebert.data import read_examples
from edgebert.data.columns import refuse_without_columns
from edgebert.records.trained import TrainingRecord
from edgebert.training.loop.fit import fit
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import FinetuneOptions
from edgebert.training.results import Run
from edgebert.training.tasks.drawing import draw
from edgebert.training.tasks.mining import with_negatives
from edgebert.training.tasks.task import Task, TaskData
from edgebert.training.tasks.trainable import trainable


def finetune(
    model: str,
    output: Path,
    *,
    task: str,
    train: Path,
    dev: Path | None = None,
    options: FinetuneOptions,
    resume: bool = False,
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
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: `model` cannot be loaded.
        InputError: a file without what the task needs, a label that only `dev` has, or an option
            of another task.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    kind = trainable(task)
    kind.refuse_options(options)
    data = [path for path in (train, dev) if path]
    run = Run("finetune", task, model, output, data, options)
    with run.folder(resume=resume, force=force) as folder, seeded(options.seed):
        refuse_without_columns(options.columns, data)
        examples = read_examples(train, columns=options.columns.of(train), split="train")
        checkpoint = open_checkpoint(
            model, task=kind.opened_as, max_length=options.max_length, offline=offline
        )
        prepared = kind.put(checkpoint, examples, options)
        train_data = prepared.encode(draw(examples, options))
        train_data = with_negatives(train_data, prepared.model, options)
        dev_data = _read_dev(dev, prepared, options) if dev else None
        fitted = fit(
            prepared.model,
            train_data,
            options,
            exam=dev_data,
            label="fine-tuning",
            head_learning_rate=options.head_learning_rate,
            unfinished=run.unfinished(prepared.write, checkpoint),
        )
        prepared.write(folder)
        return run.finish(folder, prepared.model, len(train_data.lengths), fitted)


def _read_dev(dev: Path, prepared: Task, options: FinetuneOptions) -> TaskData:
    return prepared.encode(read_examples(dev, columns=options.columns.of(dev), split="dev"))
