"""Distils a teacher into a student with fewer layers."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import cast

from edgebert.checkpoint import Checkpoint, open_checkpoint, task_of_head
from edgebert.data import Examples, read_examples
from edgebert.data.columns import refuse_without_columns
from edgebert.errors import CheckpointError, InputError
from edgebert.records.trained import TrainingRecord
from edgebert.tasks import TASKS, task_of
from edgebert.tasks import Task as TaskKind
from edgebert.tasks.terms import POOLED
from edgebert.training.distillation.agreement import Agreement
from edgebert.training.distillation.lesson import Labelled, Lesson
from edgebert.training.distillation.student import shorten
from edgebert.training.loop.fit import fit
from edgebert.training.loop.objective import Exam, Objective
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import DistillOptions
from edgebert.training.recipe import Given
from edgebert.training.results import Run
from edgebert.training.tasks.task import Task
from edgebert.training.tasks.trainable import load_task
from edgebert.training.watching import watched


def distill(
    teacher: str,
    output: Path,
    *,
    task: str | None = None,
    train: Path | None = None,
    dev: Path | None = None,
    texts: Path | None = None,
    options: DistillOptions,
    resume: bool = False,
    tensorboard: Path | None = None,
    force: bool = False,
    offline: bool = False,
) -> TrainingRecord:
    """Train a student with fewer layers to answer as its teacher does.

    Args:
        teacher: a local folder or a Hugging Face id: a classifier, a tagger or an encoder.
        output: the student to write, of the same kind as its teacher.
        task: as which the teacher is opened; by default what its folder says.
        train: examples; labels are used where the file has them and the task needs them.
        dev: examples for choosing the epoch, by the task's metric, or without labels by how far
            the student agrees with its teacher.
        texts: unlabelled texts, beside `train` or instead of it.
        options: the student's layers, how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        tensorboard: where TensorBoard finds the curves while they grow, under the output's name.
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: the teacher cannot be loaded, its layers cannot be told apart, or it is
            for a task that no students are trained for.
        InputError: the student would be no smaller, there is nothing to learn from, or a label
            that the teacher does not have.
        MissingExtra: `tensorboard` is asked for and not installed.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    if not (train or texts):
        raise InputError("a student needs something to learn from: --train, --texts or both")
    refuse_without_columns(options.columns, [path for path in (train, texts, dev) if path])
    checkpoint = open_checkpoint(teacher, task=task, max_length=options.max_length, offline=offline)
    if task is None:
        _refuse_other_heads(checkpoint)
    given: Given = {"teacher": teacher, "task": task, "train": train, "texts": texts, "dev": dev}
    run = Run("distill", checkpoint.task, given, output, options)
    with (
        run.folder(resume=resume, force=force) as folder,
        watched(tensorboard, output) as watch,
        seeded(options.seed),
    ):
        taught = load_task(checkpoint)
        student = shorten(taught.model, options.layers)
        taught.model.eval()
        read = {
            "train": _read(train, options),
            "texts": _read_texts(texts, options),
            "dev": _read(dev, options),
        }
        lesson, held_out = _lesson(taught, read["train"], read["texts"]), read["dev"]
        exam = _exam(taught, held_out) if held_out else None
        learnt = replace(taught, model=student)
        unfinished = run.unfinished(learnt.write, checkpoint)
        fitted = fit(
            student,
            lesson,
            options,
            exam=exam,
            label="distilling",
            unfinished=unfinished,
            watch=watch,
        )
        learnt.write(folder)
        rows = {role: len(examples) for role, examples in read.items() if examples}
        return run.finish(folder, student, len(lesson.lengths), fitted, exam=exam, rows=rows)


def _read(path: Path | None, options: DistillOptions) -> Examples | None:
    return read_examples(path, columns=options.columns.of(path)) if path else None


def _read_texts(path: Path | None, options: DistillOptions) -> Examples | None:
    return read_examples(path, columns=options.columns.of_texts(path)) if path else None


def _refuse_other_heads(checkpoint: Checkpoint) -> None:
    """Refuse a teacher whose head would be lost, or whose answers no student learns here.

    Raises:
        CheckpointError: it is for such a task.
    """
    said, name = checkpoint.task, str((checkpoint.config.get("architectures") or [""])[0])
    if not _is_taught(task_of(said)):
        unfit = f"is for {said}"
    elif "For" in name and task_of_head(checkpoint.config) is None and not _says_how(checkpoint):
        unfit = f"is a {name}"
    else:
        return
    *names, last = (task.name for task in TASKS if _is_taught(task))
    raise CheckpointError(
        f"{checkpoint.id} {unfit}, of which no student is made; there are such of models for "
        f"{', '.join(names)} and {last}: --task takes its encoder for one of them"
    )


def _is_taught(task: TaskKind) -> bool:
    return task.labelled or task.form == POOLED


def _says_how(checkpoint: Checkpoint) -> bool:
    """Whether the folder says how an embedding is made, and so that it is an embedder."""
    return (checkpoint.root / "modules.json").is_file()


def _lesson(taught: Task, train: Examples | None, texts: Examples | None) -> Objective:
    """Everything the student is trained on."""
    files = [file for file in (train, texts) if file]
    if taught.ask is None:
        return taught.answer([text for file in files for text in file.texts])
    labelled = taught.encode(train) if train and _has_targets(taught, train) else None
    asked = reduce(add, [taught.ask(file.texts) for file in files])
    return Lesson(taught.model, asked, cast(Labelled | None, labelled))


def _exam(taught: Task, dev: Examples) -> Exam:
    """What chooses the best epoch."""
    if _has_targets(taught, dev):
        return taught.encode(dev)
    return Agreement(taught.answer(dev.texts))


def _has_targets(taught: Task, examples: Examples) -> bool:
    return getattr(examples, taught.targets) is not None
