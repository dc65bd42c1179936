"""What a student is when its training begins."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from transformers import PreTrainedTokenizerBase

from edgebert.checkpoint import Checkpoint
from edgebert.errors import InputError
from edgebert.tasks import task_of
from edgebert.training.distillation.student import Cut, cut
from edgebert.training.options import DistillOptions
from edgebert.training.tasks.task import Task
from edgebert.training.tasks.trainable import opened_trainable


@dataclass(frozen=True)
class Student:
    """A model that is to learn.

    Attributes:
        task: it and its head.
        cut: out of what it was cut.
        of_teacher: whether that is its teacher.
        same_tokens: whether both read the same tokens of a text.
    """

    task: Task
    cut: Cut
    of_teacher: bool
    same_tokens: bool


def student_of(
    taught: Task, teacher: Checkpoint, start: Checkpoint | None, options: DistillOptions
) -> Student:
    """Cut a student.

    Args:
        taught: the teacher.
        teacher: its checkpoint.
        start: what the student is cut from; None for its teacher.
        options: how small it is.

    Raises:
        InputError: it would be no smaller, or would answer about other tokens than its teacher.
        CheckpointError: it cannot be cut, or not be loaded.
    """
    if start is None and options.layers is None and options.hidden is None:
        raise InputError(
            "the student would be as large as its teacher: --layers, --hidden or --student"
        )
    whole = taught if start is None else opened_trainable(teacher).put_like(start, teacher)
    smaller = cut(whole.model, options.layers, options.hidden)
    student = Student(
        task=replace(whole, model=smaller.model),
        cut=smaller,
        of_teacher=start is None,
        same_tokens=start is None or _reads(whole.tokenizer) == _reads(taught.tokenizer),
    )
    _refuse_large(student, taught)
    _refuse_steps_of_other_width(student)
    if start and not student.same_tokens and task_of(teacher.task).by_token:
        raise InputError(
            f"{start.id} reads other tokens than its teacher, which is asked about tokens: choose a "
            "student of the same vocabulary, or none"
        )
    return student


def _reads(tokenizer: PreTrainedTokenizerBase) -> dict[str, object]:
    """All that decides which tokens a text has, but for where it is cut."""
    told = json.loads(tokenizer.backend_tokenizer.to_str())
    return {name: part for name, part in told.items() if name not in ("truncation", "padding")}


def _refuse_large(student: Student, taught: Task) -> None:
    own, its = (task.model.num_parameters() for task in (student.task, taught))
    if own >= its:
        raise InputError(
            f"the student would be no smaller than its teacher: {own / 1e6:.1f} M parameters, the "
            f"teacher has {its / 1e6:.1f} M: choose fewer --layers, or a smaller --hidden"
        )


def _refuse_steps_of_other_width(student: Student) -> None:
    embedder = student.task.embedder
    needed = embedder.input_width if embedder else None
    hidden = student.task.model.config.hidden_size
    if needed not in (None, hidden):
        raise InputError(
            f"--hidden {hidden}: the embeddings are made by a layer that reads {needed} numbers: "
            "choose --layers alone"
        )
