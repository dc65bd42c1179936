"""The record of a training run, with its curves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from edgebert.records.header import Header


@dataclass(frozen=True)
class Epoch:
    """One pass over the training data.

    Attributes:
        loss: the mean training loss.
        dev: the metric at its end, in points; None where it was not measured there.
    """

    epoch: int
    loss: float
    dev: float | None
    seconds: float


@dataclass(frozen=True)
class LossPoint:
    """A point of the loss curve.

    Attributes:
        step: optimizer steps done.
        loss: mean of the steps since the point before.
        learning_rate: of the encoder at this step.
        seconds: since training began.
    """

    step: int
    loss: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """What the dev examples said after a step: metrics in points, and the mean loss as `loss`."""

    step: int
    scores: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class TrainingRecord(Header):
    """A checkpoint was trained. `metric` names what `dev` and `best_dev` are, in points.

    Attributes:
        data: the files it was trained and measured on.
        examples: how many examples it was trained on, after any limit.
        options: how it was trained.
        labels: of a text classifier; `multi_label` where a text may have several of them.
        steps: optimizer steps done; `best_step` is the one whose weights were kept.
        precision: in which numbers: fp32, bf16 or fp16.
        processes: how many shared the work.
        curve: loss and learning rate on the way; `evaluations` the dev metrics.
    """

    record: str = "training"
    kind: str
    task: str
    source: str
    checkpoint: str
    parameters: int
    layers: int
    hidden: int
    data: tuple[str, ...]
    examples: int
    options: dict[str, Any]
    epochs: tuple[Epoch, ...]
    metric: str | None
    best_dev: float | None
    seed: int
    seconds: float
    labels: tuple[str, ...] = ()
    multi_label: bool = False
    steps: int = 0
    best_step: int | None = None
    precision: str = "fp32"
    device: str = "cpu"
    processes: int = 1
    curve: tuple[LossPoint, ...] = ()
    evaluations: tuple[Evaluation, ...] = field(default=())

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.checkpoint,)
