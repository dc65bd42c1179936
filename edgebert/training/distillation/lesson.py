"""What a classifier or tagger learns from its teacher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers import PreTrainedModel

from edgebert.training.loop.objective import Step
from edgebert.training.tasks.labels.asked import Asked


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

    The loss is DistilBERT's (Sanh et al. 2019): the teacher's answers, the labels where there are
    any, and the direction of the last hidden states. Each answer and each token counts alike, in
    whatever step it is.

    Attributes:
        asked: all texts; those of `labelled` come first.
    """

    teacher: PreTrainedModel
    asked: Asked
    labelled: Labelled | None

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
        with torch.no_grad():
            taught = self.teacher(**batch, output_hidden_states=True)
        learnt = student(**batch, output_hidden_states=True)
        mask = batch["attention_mask"].bool()
        answered = self.asked.head.imitation(
            self.asked.answers(learnt.logits, rows), self.asked.answers(taught.logits, rows)
        )
        direction = _direction_loss(learnt.hidden_states[-1], taught.hidden_states[-1], mask)
        answered = answered + self._label_loss(learnt.logits, rows)
        return answered / self.asked.answers_per_row + direction / self._tokens_per_row

    def _label_loss(self, logits: Tensor, rows: list[int]) -> Tensor:
        """Loss of the labelled rows, summed over their answers."""
        places = [place for place, row in enumerate(rows) if row < self._labelled_rows]
        if not self.labelled or not places:
            return logits.new_zeros((), dtype=torch.float32)
        return self.labelled.logits_loss(logits[places], [rows[place] for place in places])


def _direction_loss(learnt: Tensor, taught: Tensor, mask: Tensor) -> Tensor:
    """1 - cosine, summed over the tokens of [rows, sequence, hidden]."""
    alike = cosine_similarity(learnt[mask].float(), taught[mask].float(), dim=-1)
    return (1 - alike).sum()
