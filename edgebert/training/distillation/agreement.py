"""How far a student agrees with its teacher, on texts without labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from edgebert.records.trained import LOSS
from edgebert.training.loop.device import training_device
from edgebert.training.loop.objective import Exam, Scores
from edgebert.training.loop.precision import FP32, choose_precision
from edgebert.training.tasks.asked import Asked
from edgebert.training.tasks.encoding import predict
from edgebert.training.tasks.task import Task

AGREEMENT = "agreement"
_PROGRESS = 20_000  # texts, from which on asking the teacher takes minutes


@dataclass(frozen=True)
class Agreement:
    """The usual metric of an exam whose right answers are the teacher's.

    Of labels the share of texts with the teacher's, of entities and answers their F1, of scores their
    rank correlation, of embeddings their cosine.
    """

    exam: Exam

    metrics = (AGREEMENT,)

    def scores(self, model: Any) -> Scores:
        found = self.exam.scores(model)
        return {AGREEMENT: found[self.exam.metrics[0]], LOSS: found[LOSS]}


def answers_of(
    teacher: Task, asked: Asked, *, precision: str = FP32, label: str | None = None
) -> Sequence[Tensor]:
    """What a teacher says of each row that it is asked.

    Args:
        teacher: with its head.
        asked: by the teacher's own tokenizer.
        precision: in which it runs, as `LoopOptions` has it.
        label: a few words for a progress bar, where it takes long.
    """
    chosen = choose_precision(precision, training_device())

    def said(batch: dict[str, Tensor]) -> Tensor:
        with torch.inference_mode(), chosen.autocast():
            return asked.values(teacher.model(**batch), batch)

    return predict(teacher.model, asked.encoded, said, label)


def told(teacher: Task, asked: Asked, precision: str) -> Tensor:
    """The same of rows that have one answer each, [rows, ...], with a bar where it takes minutes."""
    label = "asking the teacher" if len(asked.encoded.lengths) > _PROGRESS else None
    return torch.stack([*answers_of(teacher, asked, precision=precision, label=label)])
