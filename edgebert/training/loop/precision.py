"""In which numbers a model is trained: float32, or bfloat16 or float16 where it pays.

Weights, gradients and the optimizer stay in float32; torch's autocast chooses which operators run
in the smaller type (Micikevicius et al. 2018, "Mixed Precision Training").
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from edgebert.training.loop.device import is_nvidia, multiplies_bf16_faster
from edgebert.training.options import AUTO

FP32, BF16, FP16 = "fp32", "bf16", "fp16"

_TYPES = {FP32: torch.float32, BF16: torch.bfloat16, FP16: torch.float16}


@dataclass(frozen=True)
class Precision:
    """The numbers of a run on one kind of device."""

    name: str
    device: str

    def autocast(self) -> AbstractContextManager[None]:
        return torch.autocast(self.device, _TYPES[self.name], enabled=self.name != FP32)

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps small gradients from vanishing in float16; does nothing in the other types."""
        return torch.amp.GradScaler(self.device, enabled=self.name == FP16)


def choose_precision(asked: str, device: torch.device) -> Precision:
    """`asked`, or for "auto" bfloat16 where the device multiplies it faster than float32.

    An NVIDIA GPU without bfloat16 has float16.
    """
    if asked != AUTO:
        return Precision(asked, device.type)
    if multiplies_bf16_faster(device):
        return Precision(BF16, device.type)
    return Precision(FP16 if is_nvidia(device) else FP32, device.type)
