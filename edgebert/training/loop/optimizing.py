"""AdamW and its learning rate, as BERT was trained; and the average of the weights on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from edgebert.training.options import INVERSE_SQUARE_ROOT, LINEAR, LoopOptions

_WARM_UP = 0.1  # share of all steps
_BETAS = {LINEAR: (0.9, 0.999), INVERSE_SQUARE_ROOT: (0.9, 0.98)}
_WEIGHT_DECAY = 0.01


_OF_ENCODER = "of_encoder"


def adamw(
    model: nn.Module, learning_rate: float, head_rate: float | None, schedule: str = LINEAR
) -> torch.optim.AdamW:
    """AdamW that decays matrices and leaves biases and layer norms alone.

    Args:
        model: what is trained.
        learning_rate: of all weights, at its highest.
        head_rate: that of the weights outside the encoder, where it differs.
        schedule: how the rate goes on; the momenta are those that it was published with.
    """
    encoder = {id(p) for p in encoder_of(model).parameters()}
    groups: list[dict[str, Any]] = []
    for of_encoder, rate in ((True, learning_rate), (False, head_rate or learning_rate)):
        weights = [p for p in model.parameters() if (id(p) in encoder) == of_encoder]
        groups += [
            {
                "params": [p for p in weights if p.ndim > 1],
                "weight_decay": _WEIGHT_DECAY,
                "lr": rate,
                _OF_ENCODER: of_encoder,
            },
            {
                "params": [p for p in weights if p.ndim <= 1],
                "weight_decay": 0.0,
                "lr": rate,
                _OF_ENCODER: of_encoder,
            },
        ]
    trained = [group for group in groups if group["params"]]
    return torch.optim.AdamW(trained, lr=learning_rate, betas=_BETAS[schedule], fused=True)


def encoder_of(model: nn.Module) -> nn.Module:
    """What of a model is no head."""
    encoder: nn.Module = getattr(model, "base_model", model)
    return encoder


def warm_up_and_decay(
    optimizer: torch.optim.Optimizer, steps: int, *, schedule: str = LINEAR, frozen: int = 0
) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear from 0 up over the first tenth of the steps, then down.

    Args:
        optimizer: of `adamw`.
        steps: of the run.
        schedule: "linear" to 0, or by the "inverse-square-root" of the steps (Vaswani et al. 2017).
        frozen: first steps in which the encoder does not learn; its rate warms up after them.
    """
    factor = _SCHEDULES[schedule]

    def of_group(group: dict[str, Any]) -> Callable[[int], float]:
        begins = frozen if group[_OF_ENCODER] else 0
        return lambda step: factor(step - begins, steps - begins) if step >= begins else 0.0

    factors = [of_group(group) for group in optimizer.param_groups]
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factors)


def _linear(step: int, steps: int) -> float:
    warm_up = _warm_up(steps)
    return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))


def _inverse_square_root(step: int, steps: int) -> float:
    warm_up = _warm_up(steps)
    return min((step + 1) / warm_up, math.sqrt(warm_up / (step + 1)))


def _warm_up(steps: int) -> int:
    return max(1, round(_WARM_UP * steps))


_SCHEDULES = {LINEAR: _linear, INVERSE_SQUARE_ROOT: _inverse_square_root}


class Average(Protocol):
    """A mean of a model's weights on the way, which is what is kept."""

    def add(self, model: nn.Module, step: int) -> None:
        """Count the weights as they are after a step."""
        ...

    def look(self, model: nn.Module) -> None:
        """Count the weights as they are at a look at dev, or at the end of an epoch."""
        ...

    def swap(self, model: nn.Module) -> None:
        """Put the mean into the model, and what was there in the mean's place."""
        ...

    def state(self) -> Any: ...
    def load_state(self, state: Any) -> None: ...


def average_of(model: nn.Module, options: LoopOptions) -> Average | None:
    """The mean that a run keeps, where it keeps one."""
    if options.average is not None:
        return WeightAverage(model, options.average)
    return LastAverage(options.average_last) if options.average_last > 1 else None


class LastAverage:
    """The mean of the weights at the last looks (Vaswani et al. 2017, section 6.1)."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._kept: list[dict[str, Tensor]] = []
        self._aside: dict[str, Tensor] | None = None

    def add(self, model: nn.Module, step: int) -> None:
        """Nothing: between looks, weights do not count."""

    def look(self, model: nn.Module) -> None:
        kept = {name: value.clone() for name, value in _floats(model)}
        self._kept = [*self._kept, kept][-self._count :]

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Put the mean into the model, or back what was there before; before any look nothing."""
        if not self._kept:
            return
        back, self._aside = self._aside, None
        if back is None:
            self._aside = {name: value.clone() for name, value in _floats(model)}
        for name, value in _floats(model):
            value.copy_(self._mean(name) if back is None else back[name])

    def state(self) -> list[dict[str, Tensor]]:
        return self._kept

    def load_state(self, state: list[dict[str, Tensor]]) -> None:
        self._kept = state

    def _mean(self, name: str) -> Tensor:
        total = self._kept[0][name].clone()
        for kept in self._kept[1:]:
            total += kept[name]
        return total / len(self._kept)


class WeightAverage:
    """The exponential moving average of a model's weights (Polyak & Juditsky 1992).

    Early on, when there is little to average, less of the past is kept: of step n at most
    (1 + n) / (10 + n).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: value.clone() for name, value in _floats(model)}

    @torch.no_grad()
    def add(self, model: nn.Module, step: int) -> None:
        kept = min(self.decay, (1 + step) / (10 + step))
        for name, value in _floats(model):
            self.weights[name].lerp_(value, 1 - kept)

    def look(self, model: nn.Module) -> None:
        """Nothing: each step counts already."""

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Put the average into the model, and what was there in the average's place."""
        for name, value in _floats(model):
            held = value.clone()
            value.copy_(self.weights[name])
            self.weights[name] = held

    def state(self) -> dict[str, Tensor]:
        return self.weights

    @torch.no_grad()
    def load_state(self, state: dict[str, Tensor]) -> None:
        for name, value in state.items():
            self.weights[name].copy_(value)


def _floats(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every trained tensor once; a tied weight has one name here."""
    for name, value in model.named_parameters():
        yield name, value.detach()
