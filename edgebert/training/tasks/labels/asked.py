"""Texts as a model with a head is asked them: their tokens, and where it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.labels.heads import Head


@dataclass(frozen=True)
class AskedLabels:
    """Texts and the answers that are asked of a head.

    Attributes:
        encoded: of each text; of taggers, of each part of it.
        head: what an answer means.
        places: in each row the tokens that have an answer; None where a row has one.
    """

    encoded: Encoded
    head: Head
    places: list[list[int]] | None = None

    def __add__(self, other: AskedLabels) -> AskedLabels:
        places = None if self.places is None else self.places + (other.places or [])
        return AskedLabels(self.encoded + other.encoded, self.head, places)

    @property
    def whole(self) -> bool:
        return self.places is None

    @cached_property
    def answers_per_row(self) -> float:
        """How many there are on average."""
        if self.places is None:
            return 1.0
        return max(1, sum(map(len, self.places))) / len(self.places)

    def values(self, output: Any, batch: dict[str, Tensor]) -> Tensor:
        """Logits, float32 [rows, labels] or [rows, sequence, labels]."""
        logits: Tensor = output.logits.float()
        return logits

    def answers(self, values: Tensor, rows: list[int]) -> Tensor:
        """Logits, [answers, labels]."""
        if self.places is None:
            return values
        at = [(number, place) for number, row in enumerate(rows) for place in self.places[row]]
        numbers, places = torch.tensor(at, dtype=torch.long).reshape(-1, 2).unbind(dim=1)
        return values[numbers, places]

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        return self.head.imitation(learnt, taught, temperature)
