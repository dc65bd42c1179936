"""What a student learns of its teacher, a row at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel

from edgebert.training.distillation.insides import Insides, Likeness, run_seen
from edgebert.training.loop.device import training_device
from edgebert.training.loop.objective import Step
from edgebert.training.tasks.asked import Asked


class Labelled(Protocol):
    """Encoded examples whose right answers are known."""

    @property
    def lengths(self) -> list[int]: ...
    def logits_loss(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """Loss of the logits of these rows, summed over what is to be learned of them."""
        ...


@dataclass(frozen=True)
class Lesson:
    """Texts, some of them labelled, on which a student is to answer as its teacher does.

    The loss is the sum of the answers' (Hinton et al. 2015), the labels', where there are any, and
    what is to be alike inside (as in DistilBERT, Sanh et al. 2019). Each answer and each token counts
    alike, in whatever step it is.

    Attributes:
        asked: all texts as the student is asked them; those of `labelled` come first.
        temperature: by which probabilities are softened.
        taught: the teacher's answers to all rows, [rows, ...]; None where it gives them in each step.
        teacher: which runs beside the student; None where what it said is enough.
        inside: what of the two is to be alike beside the answers.
        answers: whether the answers are learned.
    """

    asked: Asked
    labelled: Labelled | None = None
    temperature: float = 2.0
    taught: Tensor | None = None
    teacher: PreTrainedModel | None = None
    inside: tuple[Likeness, ...] = ()
    answers: bool = True

    @property
    def lengths(self) -> list[int]:
        return self.asked.encoded.lengths

    @cached_property
    def _tokens_per_row(self) -> float:
        return sum(self.lengths) / len(self.lengths)

    @cached_property
    def _labelled_rows(self) -> int:
        return len(self.labelled.lengths) if self.labelled else 0

    def losses(self, student: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        return step.mean(lambda rows: self._total(student, rows))

    def _total(self, student: PreTrainedModel, rows: list[int]) -> Tensor:
        """Loss summed over rows, of which each has as many answers and tokens as all on average."""
        batch = self.asked.encoded.batch(rows)
        output, learnt = run_seen(student, batch, [one.student for one in self.inside])
        taught_output, taught = self._run_teacher(batch)
        values = self.asked.values(output, batch)
        said = self._label_loss(values, rows)
        if self.answers:
            told = self._taught(taught_output, batch, rows)
            answers = self.asked.answers(values, rows)
            said = said + self.asked.imitation(answers, told, self.temperature)
        total = said / self.asked.answers_per_row
        for likeness in self.inside:
            alike = likeness.loss(learnt, taught, batch["attention_mask"].bool())
            total = total + alike / self._tokens_per_row
        return total

    @torch.no_grad()
    def _run_teacher(self, batch: dict[str, Tensor]) -> tuple[Any, Insides]:
        if self.teacher is None:
            return None, Insides()
        return run_seen(self.teacher, batch, [one.teacher for one in self.inside])

    def _taught(self, output: Any, batch: dict[str, Tensor], rows: list[int]) -> Tensor:
        """The teacher's answers to these rows."""
        if self.taught is not None:
            return self.taught[rows].to(training_device())
        return self.asked.answers(self.asked.values(output, batch), rows)

    def _label_loss(self, logits: Tensor, rows: list[int]) -> Tensor:
        """Loss of the labelled rows, summed over their answers."""
        places = [place for place, row in enumerate(rows) if row < self._labelled_rows]
        if not self.labelled or not places:
            return logits.new_zeros((), dtype=torch.float32)
        return self.labelled.logits_loss(logits[places], [rows[place] for place in places])
