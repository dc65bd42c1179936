"""Distils a teacher into a student with fewer layers."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import cast

from edgebert.checkpoint import open_checkpoint
from edgebert.data import Examples, read_examples
from edgebert.errors import InputError
from edgebert.records.trained import TrainingRecord
from edgebert.training.distillation.lesson import Lesson
from edgebert.training.distillation.student import shorten
from edgebert.training.loop.fit import fit
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import DistillOptions
from edgebert.training.recipe import Given
from edgebert.training.results import Run
from edgebert.training.tasks.classification import LabelledTexts
from edgebert.training.tasks.encoding import encode
from edgebert.training.tasks.tagging import TaggedTexts
from edgebert.training.tasks.task import Task, TaskData, load_task


def distill(
    teacher: str,
    output: Path,
    *,
    train: Path | None = None,
    dev: Path | None = None,
    texts: Path | None = None,
    options: DistillOptions,
    resume: bool = False,
    force: bool = False,
    offline: bool = False,
) -> TrainingRecord:
    """Train a student with fewer layers to answer as its teacher does.

    Args:
        teacher: a local folder or a Hugging Face id: a classifier, a tagger or an encoder.
        output: the student to write, of the same kind as its teacher.
        train: examples; labels are used where the file has them and the task needs them.
        dev: examples for choosing the epoch, by the task's metric, or without labels by how far
            the student agrees with its teacher.
        texts: unlabelled texts, beside `train` or instead of it.
        options: the student's layers, how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: the teacher cannot be loaded, or its layers cannot be told apart.
        InputError: the student would be no smaller, there is nothing to learn from, or a label
            that the teacher does not have.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    if not (train or texts):
        raise InputError("a student needs something to learn from: --train, --texts or both")
    checkpoint = open_checkpoint(teacher, max_length=options.max_length, offline=offline)
    given: Given = {"teacher": teacher, "train": train, "texts": texts, "dev": dev}
    run = Run("distill", checkpoint.task, given, output, options)
    with run.folder(resume=resume, force=force) as folder, seeded(options.seed):
        taught = load_task(checkpoint)
        student = shorten(taught.model, options.layers)
        taught.model.eval()
        lesson = _lesson(taught, _read(train), _read(texts))
        exam, metric = _exam(taught, read_examples(dev)) if dev else (None, None)
        learnt = replace(taught, model=student)
        unfinished = run.unfinished(learnt.write, checkpoint)
        fitted = fit(student, lesson, options, exam=exam, label="distilling", unfinished=unfinished)
        learnt.write(folder)
        return run.finish(folder, student, len(lesson.lengths), fitted, metric, exam=exam)


def _read(path: Path | None) -> Examples | None:
    return read_examples(path) if path else None


def _lesson(taught: Task, train: Examples | None, texts: Examples | None) -> Lesson | TaskData:
    """Everything the student is trained on."""
    if taught.embedder:
        return taught.answer([text for file in (train, texts) if file for text in file.texts])
    labelled, plain = None, [texts] if texts else []
    if train and _has_targets(taught, train):
        labelled = cast(LabelledTexts | TaggedTexts, taught.encode(train))
    elif train:
        plain.append(train)
    parts = [encode(taught.tokenizer, file.texts) for file in plain]
    encoded = reduce(add, [labelled.encoded, *parts] if labelled else parts)
    return Lesson(taught.model, encoded, labelled)


def _exam(taught: Task, dev: Examples) -> tuple[TaskData, str]:
    """What chooses the best epoch, and the name of its metric."""
    if _has_targets(taught, dev):
        data = taught.encode(dev)
        return data, data.metrics[0]
    return taught.answer(dev.texts), "agreement"


def _has_targets(taught: Task, examples: Examples) -> bool:
    return getattr(examples, taught.targets) is not None
