"""How far a student agrees with its teacher, on texts without labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgebert.records.trained import LOSS
from edgebert.training.loop.objective import Exam, Scores

AGREEMENT = "agreement"


@dataclass(frozen=True)
class Agreement:
    """The usual metric of an exam whose right answers are the teacher's.

    Of labels the share of texts with the teacher's, of entities their F1, of scores their rank
    correlation, of embeddings their cosine.
    """

    exam: Exam

    metrics = (AGREEMENT,)

    def scores(self, model: Any) -> Scores:
        found = self.exam.scores(model)
        return {AGREEMENT: found[self.exam.metrics[0]], LOSS: found[LOSS]}
