"""What a classifier or tagger learns from its teacher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cosine_similarity,
    kl_div,
    log_softmax,
)
from transformers import PreTrainedModel

from edgebert.tasks.classification import MULTI_LABEL
from edgebert.training.loop.objective import Step
from edgebert.training.tasks.classification import LabelledTexts
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.tagging import TaggedTexts

_TEMPERATURE = 2.0


@dataclass(frozen=True)
class Lesson:
    """Texts, some of them labelled, on which a student is to answer as its teacher does.

    The loss is DistilBERT's (Sanh et al. 2019): the teacher's softened probabilities, the labels
    where there are any, and the direction of the last hidden states.

    Attributes:
        encoded: all texts; those of `labelled` come first.
    """

    teacher: PreTrainedModel
    encoded: Encoded
    labelled: LabelledTexts | TaggedTexts | None

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    def losses(self, student: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        return step.mean(lambda rows: self._loss(student, rows) * len(rows))

    def _loss(self, student: PreTrainedModel, rows: list[int]) -> Tensor:
        batch = self.encoded.batch(rows)
        with torch.no_grad():
            taught = self.teacher(**batch, output_hidden_states=True)
        learnt = student(**batch, output_hidden_states=True)
        mask = batch["attention_mask"].bool()
        loss = self._soft_loss(learnt.logits, taught.logits, mask)
        loss += _direction_loss(learnt.hidden_states[-1], taught.hidden_states[-1], mask)
        return loss + self._label_loss(learnt.logits, rows)

    def _soft_loss(self, learnt: Tensor, taught: Tensor, mask: Tensor) -> Tensor:
        """Divergence from the teacher's probabilities at a temperature (Hinton et al. 2015).

        Args:
            learnt, taught: logits [rows, labels], or [rows, sequence, labels].
            mask: which tokens are no padding, bool [rows, sequence].
        """
        if learnt.ndim == 3:
            learnt, taught = learnt[mask], taught[mask]
        learnt, taught = learnt / _TEMPERATURE, taught / _TEMPERATURE
        if self.teacher.config.problem_type == MULTI_LABEL:
            loss = binary_cross_entropy_with_logits(learnt, taught.sigmoid())
        else:
            loss = kl_div(
                log_softmax(learnt, dim=-1),
                log_softmax(taught, dim=-1),
                reduction="batchmean",
                log_target=True,
            )
        return loss * _TEMPERATURE**2

    def _label_loss(self, logits: Tensor, rows: list[int]) -> Tensor:
        """Cross entropy of the labelled rows, weighed by their share of the batch."""
        count = len(self.labelled.lengths) if self.labelled else 0
        places = [place for place, row in enumerate(rows) if row < count]
        if not self.labelled or not places:
            return logits.new_zeros(())
        loss = self.labelled.logits_loss(logits[places], [rows[place] for place in places])
        return loss / len(rows)


def _direction_loss(learnt: Tensor, taught: Tensor, mask: Tensor) -> Tensor:
    """Mean of 1 - cosine over the tokens of float32 [rows, sequence, hidden]."""
    return 1 - cosine_similarity(learnt[mask], taught[mask], dim=-1).mean()
