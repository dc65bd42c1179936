"""What helps where there is not enough memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from edgebert.errors import InputError


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
