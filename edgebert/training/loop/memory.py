"""What helps where there is not enough memory."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from edgebert.errors import InputError

_PREPARED = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16", "LRU_CACHE_CAPACITY": "16"}
"""How many products oneDNN, and torch's layer above it, keep prepared.

They are prepared for each shape anew, which takes microseconds, and steps of texts have hundreds of
shapes; by default 1,024 are kept, each with buffers of its own: gigabytes.
"""


def spare_memory() -> None:
    """Let products be forgotten that were prepared for shapes of earlier steps.

    Takes effect where nothing was multiplied yet in this process; what the environment says holds.
    """
    for name, value in _PREPARED.items():
        os.environ.setdefault(name, value)


def give_memory_back() -> None:
    """Give back what is free between the tensors that are kept.

    The heap of glibc is given back from its end alone; tensors of many sizes leave holes in it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


@contextmanager
def memory_explained(examples: int, tokens: int) -> Iterator[None]:
    """Say which option helps when memory runs out inside the block.

    Args:
        examples: how many go through the model at once.
        tokens: of the longest of them.

    Raises:
        InputError: it ran out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not _tells_of_memory(str(error)):
            raise
        raise InputError(
            f"out of memory with {examples} examples of up to {tokens} tokens at once: choose a "
            "smaller --micro-batch-size (the result stays the same), a smaller --max-length, or "
            "--gradient-checkpointing"
        ) from error


def checkpoint_gradients(model: nn.Module) -> None:
    """Let a model compute activations twice instead of keeping them (Chen et al. 2016).

    Raises:
        InputError: its architecture has no such way.
    """
    if not getattr(model, "supports_gradient_checkpointing", False):
        raise InputError("--gradient-checkpointing: this architecture has no such way")
    newer = getattr(model, "activation_checkpointing_enable", None)  # from transformers 5.2x on
    (newer or model.gradient_checkpointing_enable)({"use_reentrant": False})  # type: ignore[operator]


def _tells_of_memory(message: str) -> bool:
    """Whether an error of torch is about memory, on a CPU or a GPU."""
    return "allocate memory" in message or "out of memory" in message.lower()
