"""Texts as a model is asked them, and what of its output is an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, Self

from torch import Tensor

from edgebert.checkpoint import Checkpoint
from edgebert.errors import CheckpointError
from edgebert.training.tasks.encoding import Encoded


class Asked(Protocol):
    """Texts of which a student is to learn its teacher's answers.

    Attributes:
        encoded: what the model reads: texts, or parts of them.
        whole: whether each row has one answer, of as many numbers as all others.
        answers_per_row: how many answers a row has on average.
    """

    @property
    def encoded(self) -> Encoded: ...
    @property
    def whole(self) -> bool: ...
    @property
    def answers_per_row(self) -> float: ...
    def __add__(self, other: Self) -> Self: ...
    def values(self, output: Any, batch: dict[str, Tensor]) -> Tensor:
        """What a model's output says of a batch, float32 [rows, ...]."""
        ...

    def answers(self, values: Tensor, rows: list[int]) -> Tensor:
        """What of the values of these rows is an answer, [answers, ...]."""
        ...

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        """The loss of a student's answers against its teacher's, summed over answers."""
        ...


@dataclass(frozen=True)
class NotAsked:
    """Stands where a task has no answers that a student could learn."""

    checkpoint: Checkpoint

    def __call__(self, *texts: object) -> NoReturn:
        """Refuse.

        Raises:
            CheckpointError: always.
        """
        said = self.checkpoint
        raise CheckpointError(f"{said.id} is for {said.task}, which no student learns here")
