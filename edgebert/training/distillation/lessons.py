"""Puts together what a student learns of its teacher, and by what it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from operator import add
from typing import cast

import torch
from torch import Tensor
from transformers import PreTrainedModel

from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.training.distillation.agreement import Agreement, answers_of, told
from edgebert.training.distillation.insides import EachLayer, LastStates, Likeness
from edgebert.training.distillation.lesson import Labelled, Lesson
from edgebert.training.distillation.projection import Projection
from edgebert.training.distillation.relations import Relations
from edgebert.training.distillation.similarities import Similarities
from edgebert.training.distillation.starting import Student
from edgebert.training.loop.objective import Exam, Objective, Step
from edgebert.training.options import (
    ANSWERS,
    LAST,
    LAYERS,
    RELATIONS,
    SIMILARITIES,
    DistillOptions,
)
from edgebert.training.tasks.sentences.asked_vectors import AskedVectors
from edgebert.training.tasks.task import Task, WriteDown


@dataclass(frozen=True)
class Lessons:
    """All that is learned of the same texts, one after the other in each step.

    Attributes:
        projection: of a teacher's embeddings to as many numbers as the student's have.
    """

    parts: tuple[Objective, ...]
    projection: Projection | None = None

    @property
    def lengths(self) -> list[int]:
        return self.parts[0].lengths

    def losses(self, student: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        return chain.from_iterable(part.losses(student, step) for part in self.parts)


def lessons_of(
    taught: Task,
    student: Student,
    train: Examples | None,
    texts: Examples | None,
    options: DistillOptions,
) -> Lessons:
    """Everything the student learns.

    Of a teacher that writes texts these are examples like those of a file.

    Args:
        taught: the teacher.
        student: as it begins.
        train: texts whose labels are learned too, where they have such.
        texts: texts without labels.
        options: what is to match.

    Raises:
        InputError: something to match that the two have not in common, or embeddings that are
            compared with none.
    """
    if taught.write_down is not None:
        return _written_down(taught.write_down, student, train, texts, options)
    match = options.match or _usual_match(student)
    _refuse_uncommon(match, student)
    if SIMILARITIES in match and options.batch_size < 2:
        raise InputError(
            "similarities are of the texts of a step: --batch-size should be at least 2"
        )
    files = [file.texts for file in (train, texts) if file]
    asked = reduce(add, map(student.task.ask, files))
    inside = tuple(_likeness(name, student, taught) for name in match if name in _INSIDE)
    embeds = isinstance(asked, AskedVectors)
    said = None
    if embeds or (asked.whole and not inside):
        said = told(taught, reduce(add, map(taught.ask, files)), options.precision)
    projection = Projection.fitted(said, student.task) if said is not None and embeds else None
    lesson = Lesson(
        asked=asked,
        labelled=_labelled(student.task, train) if not embeds else None,
        temperature=options.temperature,
        taught=said if projection is None else projection.of(cast(Tensor, said)),
        teacher=taught.model if inside or said is None else None,
        inside=inside,
        answers=ANSWERS in match,
    )
    parts: list[Objective] = [] if match == (SIMILARITIES,) else [lesson]
    if SIMILARITIES in match:
        parts.append(Similarities(cast(AskedVectors, asked), cast(Tensor, said)))
    return Lessons(tuple(parts), projection)


def _written_down(
    write_down: WriteDown,
    student: Student,
    train: Examples | None,
    texts: Examples | None,
    options: DistillOptions,
) -> Lessons:
    if options.match or options.temperature != DistillOptions.temperature:
        raise InputError(
            "--match and --temperature compare numbers, and the student of a translation learns what "
            "its teacher writes"
        )
    return Lessons((student.task.encode(write_down(train, texts, options.precision)),))


def exam_of(taught: Task, student: Student, lessons: Lessons, dev: Examples | None) -> Exam | None:
    """What chooses the best weights: labels, or without them the teacher's answers."""
    if dev is None:
        return None
    if has_targets(student.task, dev):
        return student.task.encode(dev)
    answers = answers_of(taught, taught.ask(dev.texts))
    if lessons.projection is not None:
        answers = list(lessons.projection.of(torch.stack(list(answers))))
    return Agreement(student.task.answer(dev.texts, answers))


def has_targets(task: Task, examples: Examples) -> bool:
    return getattr(examples, task.targets) is not None


_INSIDE = (LAST, LAYERS, RELATIONS)


def _usual_match(student: Student) -> tuple[str, ...]:
    embeds = student.task.embedder is not None
    return (ANSWERS,) if embeds or not student.of_teacher else (ANSWERS, LAST)


def _refuse_uncommon(match: Sequence[str], student: Student) -> None:
    for name in match:
        if name == SIMILARITIES and student.task.embedder is None:
            raise InputError("--match similarities is for teachers that give embeddings")
        if name in (LAST, LAYERS) and not student.of_teacher:
            raise InputError(
                f"--match {name} compares hidden states, and a --student of its own has others: match "
                "answers, relations or similarities"
            )
        if name == RELATIONS and not student.same_tokens:
            raise InputError(
                "--match relations compares tokens, and the student reads others than its teacher: "
                "match answers or similarities"
            )


def _likeness(name: str, student: Student, taught: Task) -> Likeness:
    if name == RELATIONS:
        return Relations.between(student.task.model, taught.model)
    return LastStates(student.cut) if name == LAST else EachLayer(student.cut)


def _labelled(task: Task, train: Examples | None) -> Labelled | None:
    """What the file says is right, where it does."""
    if train is None or not has_targets(task, train):
        return None
    return cast(Labelled, task.encode(train))
