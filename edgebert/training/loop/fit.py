"""The training loop that pretraining, fine-tuning and distillation share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from edgebert.errors import InputError
from edgebert.records.trained import LOSS, Epoch, Evaluation, LossPoint
from edgebert.training.loop.memory import checkpoint_gradients
from edgebert.training.loop.objective import Exam, Objective
from edgebert.training.loop.processes import Processes, running
from edgebert.training.loop.run import LoopRun
from edgebert.training.loop.unfinished import Unfinished
from edgebert.training.options import LoopOptions

Watch = Callable[[LossPoint | Evaluation], None]
"""Is told each point of the curves as it is measured."""


@dataclass(frozen=True)
class Fitted:
    """How a model became what it is; the fields are those of `TrainingRecord`, but for one.

    Attributes:
        earlier_seconds: of training in runs that were stopped, which this one went on from.
    """

    epochs: tuple[Epoch, ...]
    metric: str | None
    best_dev: float | None
    best_step: int | None
    steps: int
    precision: str
    device: str
    processes: int
    curve: tuple[LossPoint, ...]
    evaluations: tuple[Evaluation, ...]
    examples_per_step: float | None = None
    earlier_seconds: float = 0.0

    def fields(self) -> dict[str, Any]:
        """What a `TrainingRecord` takes as it is."""
        return {name: value for name, value in vars(self).items() if name != "earlier_seconds"}


def fit(
    model: nn.Module,
    objective: Objective,
    options: LoopOptions,
    *,
    exam: Exam | None = None,
    label: str,
    head_learning_rate: float | None = None,
    frozen_epochs: int = 0,
    unfinished: Unfinished | None = None,
    watch: Watch = lambda point: None,
    processes: Processes | None = None,
) -> Fitted:
    """Train `model` in place, and leave it as it was when `exam` liked it best.

    Args:
        model: what is trained, on the device where it is trained.
        objective: what it learns of which examples.
        options: how long and how fast.
        exam: scores it on the way; without one the last weights are kept.
        label: a few words for the progress bar.
        head_learning_rate: of the weights outside the encoder, where it differs.
        frozen_epochs: first epochs in which the encoder does not learn.
        unfinished: where the state is kept at each look at dev, each epoch's end and when a signal
            comes; a state that is there is gone on from.
        watch: is told the curves as they come.
        processes: who shares the work; by default those that this process was started with.

    Raises:
        InputError: the loss or a gradient is no longer a number, memory runs out, or `metric` is
            none that `exam` measures.
        KeyboardInterrupt: Ctrl-C or SIGTERM; the state is kept, and the message says where.
    """
    _refuse_metric(options, exam)
    if options.gradient_checkpointing:
        checkpoint_gradients(model)
    run = LoopRun(
        model=model,
        objective=objective,
        options=options,
        exam=exam,
        label=label,
        head_learning_rate=head_learning_rate,
        frozen_epochs=frozen_epochs,
        unfinished=unfinished,
        watch=watch,
        processes=processes or running(),
    )
    run.train()
    done = run.progress
    return Fitted(
        epochs=tuple(done.epochs),
        metric=run.metric,
        best_dev=done.best.scores[run.metric] if done.best and run.metric else None,
        best_step=done.best.step if done.best else None,
        steps=done.steps,
        precision=run.stepper.precision.name,
        device=run.stepper.precision.device,
        processes=run.processes.count,
        examples_per_step=run.examples_per_step,
        curve=tuple(done.curve),
        evaluations=tuple(done.evaluations),
        earlier_seconds=done.seconds,
    )


def _refuse_metric(options: LoopOptions, exam: Exam | None) -> None:
    for name in ("metric", "patience"):
        if getattr(options, name) is not None and exam is None:
            raise InputError(f"--{name} needs --dev: there is nothing to measure")
    if exam and options.metric not in (None, LOSS, *exam.metrics):
        raise InputError(
            f"unknown metric {options.metric!r}: expected one of {', '.join((*exam.metrics, LOSS))}"
        )
