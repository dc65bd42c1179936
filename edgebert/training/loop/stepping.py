"""One optimizer step: losses to gradients, in one process or several, and gradients to weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from edgebert.training.loop.objective import Objective, Step
from edgebert.training.loop.optimizing import adamw, average_of, warm_up_and_decay
from edgebert.training.loop.precision import Precision, choose_precision
from edgebert.training.loop.processes import Processes
from edgebert.training.options import LoopOptions

_MAX_GRADIENT_NORM = 1.0


class NotANumber(Exception):  # noqa: N818 - it says what was found
    """The loss, or the length of its gradient, is infinite or none at all."""


class Stepper:
    """What changes a model's weights, and all that it remembers from step to step."""

    def __init__(
        self,
        model: nn.Module,
        options: LoopOptions,
        *,
        steps: int,
        head_learning_rate: float | None,
        frozen_steps: int = 0,
        processes: Processes,
    ) -> None:
        self._model, self._options, self._processes = model, options, processes
        self._device = next(model.parameters()).device
        self.precision: Precision = choose_precision(options.precision, self._device)
        self._optimizer = adamw(model, options.learning_rate, head_learning_rate, options.schedule)
        self._schedule = warm_up_and_decay(
            self._optimizer, steps, schedule=options.schedule, frozen=frozen_steps
        )
        self._scaler = self.precision.scaler()
        self._average = average_of(model, options)
        self.learning_rate = 0.0
        """Of the step done last; the schedule holds that of the next one."""

    def step(self, objective: Objective, batch: list[int], *, stop: bool) -> tuple[float, bool]:
        """Learn from a batch.

        Args:
            objective: gives its losses.
            batch: the examples, the same in all processes.
            stop: whether this process was asked to stop.

        Returns:
            The mean loss, and whether any process was asked to stop.

        Raises:
            NotANumber: the weights are those of before.
        """
        self._optimizer.zero_grad()
        told = torch.tensor([0.0, float(stop)], device=self._device)
        losses = objective.losses(self._model, self._share(batch))
        while (part := self._next(losses)) is not None:
            told[0] += part.detach()
            self._scaler.scale(part).backward()  # type: ignore[no-untyped-call]
        self._add_up(told)
        loss, stopped = told.tolist()
        if not told.isfinite().all():
            raise NotANumber(str(loss))
        self._change_weights()
        return loss, bool(stopped)

    def look(self) -> None:
        """Count the weights as they are, where the mean of some looks is kept."""
        if self._average is not None:
            self._average.look(self._model)

    @property
    def averages(self) -> bool:
        """Whether a mean of the weights is kept, and not the last ones."""
        return self._average is not None

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Inside, the model's weights are their average, where there is one."""
        if self._average is None:
            yield
            return
        self._average.swap(self._model)
        try:
            yield
        finally:
            self._average.swap(self._model)

    def state(self) -> dict[str, Any]:
        return {
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "scaler": self._scaler.state_dict(),
            "average": self._average.state() if self._average else None,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._scaler.load_state_dict(state["scaler"])
        if self._average:
            self._average.load_state(state["average"])

    def _share(self, batch: list[int]) -> Step:
        return Step(
            rows=self._processes.share(batch),
            size=len(batch),
            micro_batch=self._options.micro_batch_size or len(batch),
            processes=self._processes,
            everyone=batch,
        )

    def _next(self, losses: Iterator[Tensor]) -> Tensor | None:
        """The next loss to differentiate, computed in the run's numbers."""
        with self.precision.autocast():
            return next(losses, None)

    def _add_up(self, told: Tensor) -> None:
        """Add up what all processes found: the loss, the wish to stop, and the gradients."""
        if self._processes.count == 1:
            return
        weights = [p for p in self._model.parameters() if p.requires_grad]
        used = torch.tensor([float(p.grad is not None) for p in weights], device=self._device)
        self._processes.add_up([told, used])
        for weight, by in zip(weights, used.tolist(), strict=True):
            if by and weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        self._processes.add_up([p.grad for p in weights if p.grad is not None])

    def _change_weights(self) -> None:
        self._scaler.unscale_(self._optimizer)
        norm = nn.utils.clip_grad_norm_(self._model.parameters(), _MAX_GRADIENT_NORM)
        if not self._scaler.is_enabled() and not norm.isfinite():
            raise NotANumber(str(norm.item()))  # the scaler leaves out such a step by itself
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self.learning_rate = self._optimizer.param_groups[0]["lr"]
        self._schedule.step()
        if self._average:
            self._average.add(self._model, self._schedule.last_epoch)  # steps done
