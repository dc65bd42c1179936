"""What the loop asks of a task: the losses of a step, and scores on examples held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from edgebert.training.loop.processes import ALONE, Processes

Scores = dict[str, float]
"""Metrics of a task by name, in points, the more the better, the usual one first; and beside them
LOSS, the mean loss, of which less is better."""


@dataclass(frozen=True)
class Step:
    """The examples of one optimizer step, or the share of them that falls to this process.

    Attributes:
        rows: the examples of this process.
        size: how many examples the step has in all processes together.
        micro_batch: how many examples go through the model at once, at most.
        everyone: the examples of all processes.
        processes: those that share the step.
    """

    rows: Sequence[int]
    size: int
    micro_batch: int
    processes: Processes = field(default=ALONE, repr=False)
    everyone: Sequence[int] = ()

    def parts(self) -> Iterator[list[int]]:
        """The rows in turns of at most `micro_batch`."""
        for start in range(0, len(self.rows), self.micro_batch):
            yield list(self.rows[start : start + self.micro_batch])

    def mean(
        self, total: Callable[[list[int]], Tensor], targets_per_example: float = 1.0
    ) -> Iterator[Tensor]:
        """The losses of the parts; those of all parts in all processes add up to the step's mean.

        Args:
            total: the loss of some examples, summed over what is to be learned of them.
            targets_per_example: how many things are to be learned of an example, on average of all
                of them. The mean is taken over that number and not over what this step happens to
                hold: where steps are of examples of one length, a token of a long text would else
                count for less than one of a short text.
        """
        for rows in self.parts():
            yield total(rows) / (self.size * targets_per_example)


class Objective(Protocol):
    """Encoded examples, and what is to be learned of them."""

    @property
    def lengths(self) -> list[int]:
        """Tokens of each example, by which steps are put together."""
        ...

    def losses(self, model: Any, step: Step) -> Iterator[Tensor]:
        """Scalars that are differentiated one after the other, and add up to the step's loss."""
        ...


class Exam(Protocol):
    """Encoded examples that a model is scored on.

    Attributes:
        metrics: names of what `scores` gives beside the loss, the usual one first.
    """

    @property
    def metrics(self) -> tuple[str, ...]: ...
    def scores(self, model: Any) -> Scores: ...
