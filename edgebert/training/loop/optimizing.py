"""AdamW and its learning rate, as BERT was trained; and the average of the weights on the way."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

_WARM_UP = 0.1  # share of all steps
_WEIGHT_DECAY = 0.01


def adamw(model: nn.Module, learning_rate: float, head_rate: float | None) -> torch.optim.AdamW:
    """AdamW that decays matrices and leaves biases and layer norms alone.

    Args:
        model: what is trained.
        learning_rate: of all weights, at its highest.
        head_rate: that of the weights outside the encoder, where it differs.
    """
    encoder = {id(p) for p in getattr(model, "base_model", model).parameters()}
    groups = []
    for of_encoder, rate in ((True, learning_rate), (False, head_rate or learning_rate)):
        weights = [p for p in model.parameters() if (id(p) in encoder) == of_encoder]
        groups += [
            {
                "params": [p for p in weights if p.ndim > 1],
                "weight_decay": _WEIGHT_DECAY,
                "lr": rate,
            },
            {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0, "lr": rate},
        ]
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=learning_rate, fused=True)


def warm_up_and_decay(
    optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Linear from 0 up over the first tenth of the steps, then linear down to 0."""
    warm_up = max(1, round(_WARM_UP * steps))

    def factor(step: int) -> float:
        return min((step + 1) / warm_up, (steps - step) / max(1, steps - warm_up))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


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

    @torch.no_grad()
    def swap(self, model: nn.Module) -> None:
        """Put the average into the model, and what was there in the average's place."""
        for name, value in _floats(model):
            held = value.clone()
            value.copy_(self.weights[name])
            self.weights[name] = held


def _floats(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every trained tensor once; a tied weight has one name here."""
    for name, value in model.named_parameters():
        yield name, value.detach()
