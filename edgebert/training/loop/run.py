"""A run of the training loop: its epochs, its looks at dev, and what it keeps on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import chain

import torch
from torch import Tensor, nn

from edgebert.errors import InputError
from edgebert.progress import track
from edgebert.records.trained import Epoch, Evaluation, LossPoint
from edgebert.training.loop.batches import bucketed, bucketed_tokens
from edgebert.training.loop.memory import give_memory_back, memory_explained
from edgebert.training.loop.objective import Exam, Objective
from edgebert.training.loop.optimizing import encoder_of
from edgebert.training.loop.processes import Processes
from edgebert.training.loop.progress import Progress
from edgebert.training.loop.seeding import random_state, set_random_state
from edgebert.training.loop.stepping import NotANumber, Stepper
from edgebert.training.loop.stopping import Stop, stopping
from edgebert.training.loop.unfinished import State, Unfinished, kept_until_done
from edgebert.training.options import LoopOptions

_CURVE_POINTS = 200  # at least half as many, where there are as many steps


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
        frozen_epochs: int,
        unfinished: Unfinished | None,
        watch: Callable[[LossPoint | Evaluation], None],
        processes: Processes,
    ) -> None:
        self.model, self.objective, self.exam = model, objective, exam
        self.options, self.label, self.watch = options, label, watch
        self.unfinished, self.processes = unfinished, processes
        self.metric = (options.metric or exam.metrics[0]) if exam else None
        self.progress = Progress()
        self._batches = [_batches(objective, options) for _ in range(options.epochs)]
        self._frozen_epochs = frozen_epochs
        of_encoder = encoder_of(model).parameters() if frozen_epochs else ()
        self._held = [weight for weight in of_encoder if weight.requires_grad]
        self._steps = sum(map(len, self._batches))
        self.examples_per_step = sum(map(len, chain.from_iterable(self._batches))) / self._steps
        self.stepper = Stepper(
            model,
            options,
            steps=self._steps,
            head_learning_rate=head_learning_rate,
            frozen_steps=self._steps_before(frozen_epochs),
            processes=processes,
        )
        self._best: dict[str, Tensor] | None = None
        self._began = time.perf_counter()

    def train(self) -> None:
        """Go through all epochs, from where an earlier run stopped, and load the best weights."""
        at_once = self.options.micro_batch_size or self.options.batch_size
        memory = memory_explained(at_once, max(self.objective.lengths))
        kept = self.unfinished if self.processes.first else None
        with stopping() as stop, kept_until_done(kept), memory:
            self._go_on()
            for number in range(len(self.progress.epochs), self.options.epochs):
                if not self._out_of_patience():
                    self._epoch(number, stop)
            self._freeze(False)
            self._load_best()
            self.model.eval()

    def _epoch(self, number: int, stop: Stop) -> None:
        self.model.train()
        self._freeze(number < self._frozen_epochs)
        ends_at = self._steps_before(number + 1)
        todo = self._batches[number][self.progress.steps - self._steps_before(number) :]
        label = f"{self.label} {number + 1}/{self.options.epochs}"
        for batch in track(todo, label, tell=self._told):
            stopped = self._step(batch, stop)
            self._note_point()
            ends = self.progress.steps == ends_at
            if ends or self._is_due():
                self._look(number, ends=ends)
            if stopped:
                self._pause()
            if self._out_of_patience():
                break

    def _freeze(self, frozen: bool) -> None:
        """Let the encoder learn, or not; a weight that never learns stays as it is."""
        for weight in self._held:
            weight.requires_grad_(not frozen)

    def _step(self, batch: list[int], stop: Stop) -> bool:
        """Learn from a batch; whether any process was asked to stop."""
        try:
            loss, stopped = self.stepper.step(self.objective, batch, stop=stop.asked)
        except NotANumber as found:
            raise InputError(
                f"training diverged at step {self.progress.steps + 1} (the loss or its gradient "
                f"is {found}): choose a smaller learning rate{self._what_is_kept()}"
            ) from found
        self.progress.add_loss(loss, len(batch))
        return stopped

    def _what_is_kept(self) -> str:
        best = self.progress.best
        if self.unfinished is None or best is None:
            return ""
        return f"; the best model so far, of step {best.step}, is {self.unfinished.best}"

    def _is_due(self) -> bool:
        every = self.options.evaluate_every
        return every is not None and self.progress.steps % every == 0

    def _look(self, number: int, *, ends: bool) -> None:
        """Score the model on dev, where it is time, and keep the state of the run."""
        by_epochs, is_last = self.options.evaluate_every is None, self.progress.steps == self._steps
        looks = self.exam is not None and (by_epochs or self._is_due() or is_last)
        if looks or (ends and self.exam is None):
            self.stepper.look()
        with self.stepper.averaged():
            better = self._examine() if looks else self.exam is None
            if better and self.exam:
                self._best = {name: v.clone() for name, v in self.model.state_dict().items()}
            if better and self.unfinished and self.processes.first:
                self.unfinished.keep_best()
        if ends:
            self._end_epoch(number, looked=looks)
        if self.unfinished and self.processes.first:
            self.unfinished.keep(self._state())
        self.model.train()

    def _examine(self) -> bool:
        """Score the model; whether it is the best so far."""
        assert self.exam is not None and self.metric is not None
        scores = self.processes.agreed(
            self.exam.scores(self.model) if self.processes.first else None
        )
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
        if self.progress.steps % math.ceil(self._steps / _CURVE_POINTS) == 0:
            point = self.progress.add_point(self.stepper.learning_rate, self._seconds())
            self.watch(point)
            give_memory_back()

    def _told(self) -> str:
        """What stands behind the progress bar."""
        done = self.progress
        examples = done.steps * self.examples_per_step
        loss = done.span_loss / done.span_steps if done.span_steps else done.curve[-1].loss
        return f"loss {loss:.4f}, {examples / max(1e-9, self._seconds()):.0f} examples/s"

    def _steps_before(self, epoch: int) -> int:
        return sum(map(len, self._batches[:epoch]))

    def _seconds(self) -> float:
        return self.progress.seconds + time.perf_counter() - self._began

    def _pause(self) -> None:
        """Keep the state as it is now, and end."""
        where = f"step {self.progress.steps} of {self._steps}"
        if self.unfinished is None:
            raise KeyboardInterrupt(f"Interrupted at {where}; nothing was left behind.")
        if self.processes.first:
            self.unfinished.keep(self._state())
        raise KeyboardInterrupt(
            f"Interrupted at {where}, which {self.unfinished.folder} holds: go on with --resume."
        )

    def _state(self) -> State:
        return {
            "progress": self.progress.to_state() | {"seconds": self._seconds()},
            "model": self.model.state_dict(),
            "stepper": self.stepper.state(),
            "best": self._best,
            "random": random_state(),
        }

    def _go_on(self) -> None:
        """Take up the state that an earlier run has left."""
        state = self.unfinished.read() if self.unfinished else None
        if state is not None:
            self.progress = Progress.of_state(state["progress"])
            self.model.load_state_dict(state["model"])
            self.stepper.load_state(state["stepper"])
            self._best = state["best"]
            set_random_state(state["random"])
        if not self.processes.first:  # the first goes on; each other draws numbers of its own
            torch.manual_seed(hash((self.options.seed, self.progress.steps, self.processes.index)))

    def _load_best(self) -> None:
        if self._best:
            self.model.load_state_dict(self._best)
        elif self.stepper.averages:
            with self.stepper.averaged():
                average = {name: v.clone() for name, v in self.model.state_dict().items()}
            self.model.load_state_dict(average)


def _batches(objective: Objective, options: LoopOptions) -> list[list[int]]:
    """One epoch of steps."""
    if options.batch_tokens is not None:
        return bucketed_tokens(objective.lengths, options.batch_tokens)
    return bucketed(objective.lengths, options.batch_size)
