"""The training loop that pretraining, fine-tuning and distillation share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from edgebert.errors import InputError
from edgebert.machine import available_cores
from edgebert.progress import track
from edgebert.records.made import Epoch
from edgebert.training.batches import bucketed
from edgebert.training.options import LoopOptions

_WARM_UP = 0.1  # share of all steps
_WEIGHT_DECAY = 0.01
_MAX_GRADIENT_NORM = 1.0


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Fix torch's random numbers and threads inside the block, and leave both as they were."""
    threads = torch.get_num_threads()
    torch.set_num_threads(available_cores())
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def fit(
    model: nn.Module,
    lengths: Sequence[int],
    loss: Callable[[list[int]], Tensor],
    evaluate: Callable[[], float] | None,
    options: LoopOptions,
    label: str,
) -> tuple[Epoch, ...]:
    """Train `model` in place, and leave it as it was after its best epoch.

    Args:
        model: what is trained; `loss` and `evaluate` close over it.
        lengths: tokens of each training example, by which batches are bucketed.
        loss: the loss of the examples with these indices, as a scalar.
        evaluate: the dev metric, larger is better; without it the last epoch is the best.
        options: how long and how fast.
        label: a few words for the progress bar.

    Raises:
        InputError: the loss is no longer a number.
    """
    batches = [bucketed(lengths, options.batch_size) for _ in range(options.epochs)]
    optimizer = _adamw(model, options.learning_rate)
    schedule = _warm_up_and_decay(optimizer, sum(map(len, batches)))
    epochs: list[Epoch] = []
    best: dict[str, Tensor] = {}
    best_dev = -math.inf
    for number, epoch_batches in enumerate(batches, start=1):
        start = time.perf_counter()
        model.train()
        total = 0.0
        for rows in track(epoch_batches, f"{label} {number}/{options.epochs}"):
            total += _step(model, loss(rows), optimizer) * len(rows)
            schedule.step()
        dev = evaluate() if evaluate else None
        if dev is not None and dev > best_dev:
            best, best_dev = {k: v.clone() for k, v in model.state_dict().items()}, dev
        epochs.append(Epoch(number, total / len(lengths), dev, time.perf_counter() - start))
    if best:
        model.load_state_dict(best)
    model.eval()
    return tuple(epochs)


def _step(model: nn.Module, loss: Tensor, optimizer: torch.optim.Optimizer) -> float:
    value = loss.item()
    if math.isnan(value):
        raise InputError("training diverged (the loss is nan): choose a smaller learning rate")
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), _MAX_GRADIENT_NORM)
    optimizer.step()
    return value


def _adamw(model: nn.Module, learning_rate: float) -> torch.optim.AdamW:
    """AdamW that decays matrices and leaves biases and layer norms alone, as BERT was trained."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": _WEIGHT_DECAY},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=True)


def _warm_up_and_decay(
    optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear from 0 up over the first tenth of the steps, then linear down to 0."""
    warm_up = max(1, round(_WARM_UP * steps))

    def factor(step: int) -> float:
        return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
