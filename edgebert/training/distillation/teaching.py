"""Distils a teacher into a smaller student."""

from __future__ import annotations

from pathlib import Path

from edgebert.checkpoint import Checkpoint, open_checkpoint, task_of_head
from edgebert.data import Examples, read_examples
from edgebert.data.columns import refuse_without_columns
from edgebert.errors import CheckpointError, InputError
from edgebert.records.trained import TrainingRecord
from edgebert.tasks import TASKS
from edgebert.training.distillation.lessons import exam_of, lessons_of
from edgebert.training.distillation.starting import student_of
from edgebert.training.distillation.trimming import refuse_other_pieces, write_student
from edgebert.training.loop.fit import fit
from edgebert.training.loop.seeding import seeded
from edgebert.training.options import DistillOptions
from edgebert.training.recipe import Given
from edgebert.training.results import Run
from edgebert.training.tasks.trainable import is_taught, load_task
from edgebert.training.watching import watched


def distill(
    teacher: str,
    output: Path,
    *,
    task: str | None = None,
    student: str | None = None,
    train: Path | None = None,
    dev: Path | None = None,
    texts: Path | None = None,
    trim_vocabulary: Path | None = None,
    options: DistillOptions,
    resume: bool = False,
    tensorboard: Path | None = None,
    force: bool = False,
    offline: bool = False,
) -> TrainingRecord:
    """Train a smaller student to answer as its teacher does.

    Args:
        teacher: a local folder or a Hugging Face id: a classifier, a reranker, a tagger, a reader or
            an encoder.
        output: the student to write, of the same kind as its teacher.
        task: as which the teacher is opened; by default what its folder says.
        student: a folder or id that the student is cut from, which may have a vocabulary of its own;
            by default the teacher.
        train: examples; labels are used where the file has them and the task needs them.
        dev: examples for choosing the epoch, by the task's metric, or without labels by how far
            the student agrees with its teacher.
        texts: unlabelled texts, beside `train` or instead of it.
        trim_vocabulary: texts whose pieces the student's vocabulary keeps, and no others.
        options: the student's size, what it learns, how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        tensorboard: where TensorBoard finds the curves while they grow, under the output's name.
        force: replace an output that exists.
        offline: never touch the network.

    Raises:
        CheckpointError: the teacher cannot be loaded, its layers cannot be told apart, or it is
            for a task that no students are trained for.
        InputError: the student would be no smaller, there is nothing to learn from, a label that the
            teacher does not have, something to match that the two do not have in common, or texts to
            trim the vocabulary for that lack pieces of the examples.
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
    start = _start(student, checkpoint, offline=offline)
    given: Given = {
        "teacher": teacher,
        "task": task,
        "student": student,
        "train": train,
        "texts": texts,
        "dev": dev,
        "trim_vocabulary": trim_vocabulary,
    }
    run = Run("distill", checkpoint.task, given, output, options)
    with (
        run.folder(resume=resume, force=force) as folder,
        watched(tensorboard, output) as watch,
        seeded(options.seed),
    ):
        read = {
            "train": _read(train, options),
            "texts": _read_texts(texts, options),
            "dev": _read(dev, options),
        }
        if trim_vocabulary:
            refuse_other_pieces(start or checkpoint, trim_vocabulary, read["train"], read["dev"])
        taught = load_task(checkpoint)
        taught.model.eval()
        learner = student_of(taught, checkpoint, start, options)
        lessons = lessons_of(taught, learner, read["train"], read["texts"], options)
        exam = exam_of(taught, learner, lessons, read["dev"])
        fitted = fit(
            learner.task.model,
            lessons,
            options,
            exam=exam,
            label="distilling",
            head_learning_rate=options.head_learning_rate,
            unfinished=run.unfinished(learner.task.write, checkpoint, *([start] if start else [])),
            watch=watch,
        )
        trimmed = write_student(learner.task, start or checkpoint, folder, trim_vocabulary)
        rows = {role: len(examples) for role, examples in read.items() if examples}
        return run.finish(
            folder,
            learner.task.model,
            len(lessons.lengths),
            fitted,
            exam=exam,
            rows=rows,
            trimmed=trimmed,
        )


def _read(path: Path | None, options: DistillOptions) -> Examples | None:
    return read_examples(path, columns=options.columns.of(path)) if path else None


def _read_texts(path: Path | None, options: DistillOptions) -> Examples | None:
    return read_examples(path, columns=options.columns.of_texts(path)) if path else None


def _start(student: str | None, teacher: Checkpoint, *, offline: bool) -> Checkpoint | None:
    """What the student is cut from, where it is not its teacher."""
    if student is None:
        return None
    return open_checkpoint(
        student, task=teacher.task, max_length=teacher.max_length, offline=offline
    )


def _refuse_other_heads(checkpoint: Checkpoint) -> None:
    """Refuse a teacher whose head would be lost, or whose answers no student learns here.

    Raises:
        CheckpointError: it is for such a task.
    """
    said, name = checkpoint.task, str((checkpoint.config.get("architectures") or [""])[0])
    if not is_taught(said):
        unfit = f"is for {said}"
    elif "For" in name and task_of_head(checkpoint.config) is None and not _says_how(checkpoint):
        unfit = f"is a {name}"
    else:
        return
    *names, last = (task.name for task in TASKS if task.fits_encoders and is_taught(task.name))
    raise CheckpointError(
        f"{checkpoint.id} {unfit}, of which no student is made; there are such of models for "
        f"{', '.join(names)} and {last}: --task takes its encoder for one of them"
    )


def _says_how(checkpoint: Checkpoint) -> bool:
    """Whether the folder says how an embedding is made, and so that it is an embedder."""
    return (checkpoint.root / "modules.json").is_file()
