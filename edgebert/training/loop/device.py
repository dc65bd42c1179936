"""Where training runs."""

from __future__ import annotations

import os

import torch

_CUDA = "cuda"


def training_device() -> torch.device:
    """The first of a CUDA GPU, Apple's GPU and the CPU that is there.

    Of several processes on one machine each has the GPU of its own number.
    """
    if torch.cuda.is_available():
        return torch.device(_CUDA, int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def is_nvidia(device: torch.device) -> bool:
    return device.type == _CUDA


def multiplies_bf16(device: torch.device) -> bool:
    """Whether the device has bfloat16 in hardware; a CPU has with AVX512-BF16 or AMX."""
    if is_nvidia(device):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    told = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return any(told.get(feature, False) for feature in ("avx512_bf16", "amx_bf16"))
