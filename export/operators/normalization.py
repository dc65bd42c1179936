"""LayerNorm as the one function that has an operator, whatever transformers spells it as."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch.nn import functional
from transformers.models.deberta.modeling_deberta import DebertaLayerNorm


def layer_norm_as_one_function(model: torch.nn.Module) -> None:
    """Let modules that spell LayerNorm out compute it at once, in place."""
    for module in model.modules():
        if isinstance(module, DebertaLayerNorm):
            module.forward = MethodType(_layer_norm, module)


def _layer_norm(module: Any, hidden_states: torch.Tensor) -> torch.Tensor:
    weight, bias = module.weight, module.bias
    return functional.layer_norm(hidden_states, weight.shape, weight, bias, module.variance_epsilon)
