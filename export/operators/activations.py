"""GELU as the one function that has an operator, whatever transformers spells it as."""

from __future__ import annotations

import torch
from transformers import activations

_BY_TANH = (
    activations.AccurateGELUActivation,
    activations.FastGELUActivation,
    activations.NewGELUActivation,
)
"""0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), each written out in its own way."""


def gelu_as_one_function(model: torch.nn.Module) -> None:
    """Replace activations that spell out GELU's approximation by tanh, in place."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, _BY_TANH):
                setattr(module, name, torch.nn.GELU(approximate="tanh"))
