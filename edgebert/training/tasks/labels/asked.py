"""Texts as a model with a head is asked them: their tokens, and where it answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.labels.heads import Head


@dataclass(frozen=True)
class Asked:
    """Texts and the answers that are asked of a head.

    Attributes:
        encoded: of each text; of taggers, of each part of it.
        head: what an answer means.
        places: in each row the tokens that have an answer; None where a row has one.
    """

    encoded: Encoded
    head: Head
    places: list[list[int]] | None = None

    def __add__(self, other: Asked) -> Asked:
        places = None if self.places is None else self.places + (other.places or [])
        return Asked(self.encoded + other.encoded, self.head, places)

    @cached_property
    def answers_per_row(self) -> float:
        """How many there are on average."""
        if self.places is None:
            return 1.0
        return max(1, sum(map(len, self.places))) / len(self.places)

    def answers(self, logits: Tensor, rows: list[int]) -> Tensor:
        """What of the logits of these rows is an answer, [answers, labels].

        Args:
            logits: [rows, labels], or [rows, sequence, labels].
            rows: their numbers.
        """
        if self.places is None:
            return logits
        at = [(number, place) for number, row in enumerate(rows) for place in self.places[row]]
        numbers, places = torch.tensor(at, dtype=torch.long).reshape(-1, 2).unbind(dim=1)
        return logits[numbers, places]
