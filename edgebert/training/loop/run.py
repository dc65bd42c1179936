"""A run of the training loop: its steps, its looks at dev, and what it keeps on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edgebert.errors import InputError
from edgebert.progress import track
from edgebert.records.trained import Epoch, Evaluation, LossPoint
from edgebert.training.loop.batches import bucketed
from edgebert.training.loop.objective import Exam, Objective, Step
from edgebert.training.loop.optimizing import WeightAverage, adamw, warm_up_and_decay
from edgebert.training.loop.precision import choose_precision
from edgebert.training.loop.processes import Processes
from edgebert.training.loop.progress import Progress
from edgebert.training.loop.seeding import random_state, set_random_state
from edgebert.training.loop.stopping import Stop, stopping
from edgebert.training.loop.unfinished import State, Unfinished, kept_until_done
from edgebert.training.options import LoopOptions

_MAX_GRADIENT_NORM = 1.0
_CURVE_POINTS = 200  # at least half as many, where there are as many steps


@dataclass(frozen=True)
class _Weights:
    """Copies of a model's tensors, apart from those that training goes on to change."""

    tensors: dict[str, Tensor]

    @classmethod
    def of(cls, model: nn.Module) -> _Weights:
        return cls({name: value.clone() for name, value in model.state_dict().items()})


class LoopRun:
    """One run: built, trained, and then asked for its `progress`."""

    def __init__(
        self,
        *,
        model: nn.Module,
        objective: Objective,
        options: LoopOptions,
        exam: Exam | None,
        label: str,
        head_learning_rate: float | None,
        unfinished: Unfinished | None,
        watch: Callable[[LossPoint | Evaluation], None],
        processes: Processes,
    ) -> None:
        self.model, self.objective, self.exam = model, objective, exam
        self.options, self.label, self.watch = options, label, watch
        self.unfinished, self.processes = unfinished, processes
        self.metric = (options.metric or exam.metrics[0]) if exam else None
        self.progress = Progress()
        self._device = next(model.parameters()).device
        self.precision = choose_precision(options.precision, self._device)
        self._batches = [
            bucketed(objective.lengths, options.batch_size) for _ in range(options.epochs)
        ]
        self._optimizer = adamw(model, options.learning_rate, head_learning_rate)
        self._schedule = warm_up_and_decay(self._optimizer, sum(map(len, self._batches)))
        self._scaler = self.precision.scaler()
        self._average = WeightAverage(model, options.average) if options.average else None
        self._rate = 0.0  # of the step done last; the schedule holds the next one's
        self._best: _Weights | None = None
        self._resumed_at = time.perf_counter()

    def train(self) -> None:
        """Go through all epochs, from where an earlier run stopped, and load the best weights."""
        with stopping() as stop, kept_until_done(self.unfinished), _memory_explained(self):
            self._go_on()
            for number in range(len(self.progress.epochs), self.options.epochs):
                if not self._out_of_patience():
                    self._epoch(number, stop)
            self._load_best()
            self.model.eval()

    def _epoch(self, number: int, stop: Stop) -> None:
        self.model.train()
        per_epoch = len(self._batches[number])
        todo = self._batches[number][self.progress.steps - number * per_epoch :]
        label = f"{self.label} {number + 1}/{self.options.epochs}"
        for batch in track(todo, label, tell=self._told):
            stopped = self._step(batch, stop)
            self._note_point()
            ends = self.progress.steps == (number + 1) * per_epoch
            if ends or self._is_due():
                self._look(number, ends=ends)
            if stopped:
                self._pause()
            if self._out_of_patience():
                break

    def _step(self, batch: list[int], stop: Stop) -> bool:
        """One optimizer step; whether any process was asked to stop."""
        step = Step(
            rows=self.processes.share(batch),
            size=len(batch),
            micro_batch=self.options.micro_batch_size or len(batch),
            processes=self.processes,
        )
        self._optimizer.zero_grad()
        told = torch.tensor([0.0, float(stop.asked)], device=self._device)
        losses = self.objective.losses(self.model, step)
        while (part := self._next(losses)) is not None:
            told[0] += part.detach()
            self._scaler.scale(part).backward()  # type: ignore[no-untyped-call]
        self._add_up(told)
        loss, stopped = told.tolist()
        self._refuse_no_number(loss)
        self._scaler.unscale_(self._optimizer)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), _MAX_GRADIENT_NORM)
        if not self._scaler.is_enabled():  # which skips such a step, and scales less
            self._refuse_no_number(norm.item())
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._rate = self._optimizer.param_groups[0]["lr"]
        self._schedule.step()
        self.progress.add_loss(loss, len(batch))
        if self._average:
            self._average.add(self.model, self.progress.steps)
        return bool(stopped)

    def _next(self, losses: Iterator[Tensor]) -> Tensor | None:
        """The next loss to differentiate, computed in the run's numbers."""
        with self.precision.autocast():
            return next(losses, None)

    def _add_up(self, told: Tensor) -> None:
        """Add up what all processes found: the loss, the wish to stop, and the gradients."""
        if self.processes.count == 1:
            return
        weights = [p for p in self.model.parameters() if p.requires_grad]
        used = torch.tensor([float(p.grad is not None) for p in weights], device=self._device)
        self.processes.add_up([told, used])
        for weight, by in zip(weights, used.tolist(), strict=True):
            if by and weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        self.processes.add_up([p.grad for p in weights if p.grad is not None])

    def _refuse_no_number(self, value: float) -> None:
        if math.isfinite(value):
            return
        kept = ""
        if self.unfinished and self.progress.best:
            best = self.unfinished.folder / "best"
            kept = f"; the best model so far, of step {self.progress.best.step}, is {best}"
        raise InputError(
            f"training diverged at step {self.progress.steps + 1} (the loss or its gradient is "
            f"{value}): choose a smaller learning rate{kept}"
        )

    def _is_due(self) -> bool:
        every = self.options.evaluate_every
        return every is not None and self.progress.steps % every == 0

    def _look(self, number: int, *, ends: bool) -> None:
        """Score the model on dev, where it is time, and keep the state of the run."""
        if self._average:
            self._average.swap(self.model)
        is_last = self.progress.steps == sum(map(len, self._batches))
        looks = self.exam and (self.options.evaluate_every is None or self._is_due() or is_last)
        better = self._examine() if looks else self.exam is None
        if better and self.exam:
            self._best = _Weights.of(self.model)
        if ends:
            self._end_epoch(number, looked=bool(looks))
        self._keep(better=better)
        if self._average:
            self._average.swap(self.model)
        self.model.train()

    def _examine(self) -> bool:
        assert self.exam is not None and self.metric is not None
        scores = self.exam.scores(self.model) if self.processes.first else None
        scores = self.processes.agreed(scores)
        assert scores is not None
        better = self.progress.add_evaluation(scores, self.metric)
        self.watch(self.progress.evaluations[-1])
        return better

    def _end_epoch(self, number: int, *, looked: bool) -> None:
        dev = self.progress.evaluations[-1].scores[self.metric] if looked and self.metric else None
        seconds = self._seconds() - sum(epoch.seconds for epoch in self.progress.epochs)
        loss = self.progress.epoch_loss / len(self.objective.lengths)
        self.progress.epochs.append(Epoch(number + 1, loss, dev, seconds))
        self.progress.epoch_loss = 0.0

    def _out_of_patience(self) -> bool:
        return self.options.patience is not None and self.progress.waits >= self.options.patience

    def _note_point(self) -> None:
        steps = sum(map(len, self._batches))
        if self.progress.steps % max(1, math.ceil(steps / _CURVE_POINTS)) == 0:
            self.watch(self.progress.add_point(self._rate, self._seconds()))

    def _told(self) -> str:
        """What stands behind the progress bar."""
        done = self.progress
        examples = done.steps * self.options.batch_size
        loss = done.span_loss / done.span_steps if done.span_steps else done.curve[-1].loss
        return f"loss {loss:.4f}, {examples / max(1e-9, self._seconds()):.0f} examples/s"

    def _seconds(self) -> float:
        return self.progress.seconds + time.perf_counter() - self._resumed_at

    def _keep(self, *, better: bool) -> None:
        if self.unfinished and self.processes.first:
            self.unfinished.keep(self._state(), best=better)

    def _pause(self) -> None:
        """Keep the state as it is now, and end."""
        where = f"step {self.progress.steps} of {sum(map(len, self._batches))}"
        if self.unfinished is None:
            raise KeyboardInterrupt(f"Interrupted at {where}; nothing was left behind.")
        if self.processes.first:
            self.unfinished.keep(self._state(), best=False)
        raise KeyboardInterrupt(
            f"Interrupted at {where}, which {self.unfinished.folder} holds: go on with --resume."
        )

    def _state(self) -> State:
        progress = self.progress.to_state() | {"seconds": self._seconds()}
        return {
            "progress": progress,
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "scaler": self._scaler.state_dict(),
            "average": self._average.weights if self._average else None,
            "best": self._best.tensors if self._best else None,
            "random": random_state(),
        }

    def _go_on(self) -> None:
        """Take up the state that an earlier run has left."""
        state = self.unfinished.read() if self.unfinished else None
        if state is None:
            self._seed_process(0)
            return
        self.progress = Progress.of_state(state["progress"])
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._scaler.load_state_dict(state["scaler"])
        if self._average:
            for name, value in state["average"].items():
                self._average.weights[name].copy_(value)
        if state["best"]:
            self._best = _Weights(state["best"])
        set_random_state(state["random"])
        self._seed_process(self.progress.steps)

    def _seed_process(self, steps: int) -> None:
        """Let each further process draw random numbers of its own; the first goes on."""
        if not self.processes.first:
            torch.manual_seed(self.options.seed + (steps + 1) * self.processes.count * 1000003)
            torch.manual_seed(torch.initial_seed() + self.processes.index)

    def _load_best(self) -> None:
        if self._best:
            self.model.load_state_dict(self._best.tensors)
        elif self._average:
            self._average.swap(self.model)


@contextmanager
def _memory_explained(run: LoopRun) -> Iterator[None]:
    """Say which option helps where there is not enough memory.

    Raises:
        InputError: there is not.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _tells_of_memory(str(error)):
            raise
        examples = run.options.micro_batch_size or run.options.batch_size
        raise InputError(
            f"out of memory with {examples} examples of up to {max(run.objective.lengths)} tokens "
            "at once: choose a smaller --micro-batch-size (the result stays the same), "
            "a smaller --max-length, or --gradient-checkpointing"
        ) from error


def _tells_of_memory(message: str) -> bool:
    """Whether an error of torch is about memory, on a CPU or a GPU."""
    return "allocate memory" in message or "out of memory" in message.lower()
