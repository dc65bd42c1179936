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


def multiplies_bf16_faster(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 faster than float32, by what it is.

    A CPU does with AMX, and one of AMD with AVX512-BF16 (a Zen 4 at 2.2 times the speed). One of
    Intel has AVX512-BF16 beside its AMX, at 0.6 times: that is left where a host hides the AMX.
    """
    if is_nvidia(device):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    told = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    if told.get("amx_bf16", False):
        return True
    return bool(told.get("avx512_bf16", False)) and "Intel" not in told["cpu_name"]
