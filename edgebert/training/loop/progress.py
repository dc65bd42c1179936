"""How far a run has come: what its record tells, and what it goes on from after a pause."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from edgebert.records.trained import LOSS, Epoch, Evaluation, LossPoint
from edgebert.training.loop.objective import Scores


@dataclass
class Progress:
    """Counters and curves of a run.

    Attributes:
        steps: optimizer steps done.
        best: the evaluation whose weights are kept.
        waits: looks at dev since then.
        epoch_loss: sum over the examples of the epoch under way.
        span_loss, span_steps: sum of the losses since the last point of the curve, and of how many.
        seconds: of training before a pause.
    """

    steps: int = 0
    best: Evaluation | None = None
    waits: int = 0
    epoch_loss: float = 0.0
    span_loss: float = 0.0
    span_steps: int = 0
    seconds: float = 0.0
    epochs: list[Epoch] = field(default_factory=list)
    curve: list[LossPoint] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)

    def to_state(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Progress:
        best = state["best"]
        return cls(
            **state
            | {
                "best": Evaluation(**best) if best else None,
                "epochs": [Epoch(**epoch) for epoch in state["epochs"]],
                "curve": [LossPoint(**point) for point in state["curve"]],
                "evaluations": [Evaluation(**found) for found in state["evaluations"]],
            }
        )

    def add_loss(self, loss: float, examples: int) -> None:
        """Count a step and its mean loss."""
        self.steps += 1
        self.epoch_loss += loss * examples
        self.span_loss += loss
        self.span_steps += 1

    def add_point(self, learning_rate: float, seconds: float) -> LossPoint:
        """End a span of the loss curve."""
        point = LossPoint(self.steps, self.span_loss / self.span_steps, learning_rate, seconds)
        self.curve.append(point)
        self.span_loss, self.span_steps = 0.0, 0
        return point

    def add_evaluation(self, scores: Scores, metric: str) -> bool:
        """Note a look at dev; whether it is the best so far."""
        found = Evaluation(self.steps, scores)
        self.evaluations.append(found)
        if self.best and _rank(scores, metric) <= _rank(self.best.scores, metric):
            self.waits += 1
            return False
        self.best, self.waits = found, 0
        return True


def _rank(scores: Scores, metric: str) -> tuple[float, float]:
    """What is compared: the metric, and between equals the smaller loss."""
    sign = -1 if metric == LOSS else 1
    return tuple(  # type: ignore[return-value]
        -math.inf if math.isnan(value) else value
        for value in (sign * scores[metric], -scores.get(LOSS, math.inf))
    )
