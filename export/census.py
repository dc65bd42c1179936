"""What an architecture really runs, told by running it once in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from edgebert.export.attention import PLAIN_ATTENTION, choose_attention, plain_attention

_COUNTED_ATTENTION = "edgebert_counted"


@dataclass(frozen=True)
class Census:
    """Module paths in the order in which they ran; one that runs twice is there twice.

    Attributes:
        attention: every attention layer.
        open_attention: those that took their attention from transformers' registry.
        layer_norm, gelu: where a LayerNorm or a GELU (exact or by tanh) was computed.
    """

    attention: tuple[str, ...]
    open_attention: tuple[str, ...]
    layer_norm: tuple[str, ...]
    gelu: tuple[str, ...]


def take_census(graph: torch.nn.Module, inputs: dict[str, torch.Tensor]) -> Census:
    """Run `graph` once and note what ran. Its attention is `PLAIN_ATTENTION` afterwards."""
    names = {module: name for name, module in graph.named_modules()}
    innermost = _innermost_attention(graph)
    taken: list[str] = []

    def counted(module: torch.nn.Module, *args: Any, **options: Any) -> Any:
        taken.append(names[module])
        return plain_attention(module, *args, **options)

    AttentionInterface.register(_COUNTED_ATTENTION, counted)
    AttentionMaskInterface.register(_COUNTED_ATTENTION, AttentionMaskInterface()[PLAIN_ATTENTION])
    choose_attention(graph, _COUNTED_ATTENTION)
    try:
        with _module_stack(names) as (stack, ran), _Functions(stack) as functions, torch.no_grad():
            graph(**inputs)
    finally:
        choose_attention(graph, PLAIN_ATTENTION)
        # the registry is never emptied: with what counted, it would keep the model in memory
        AttentionInterface.register(_COUNTED_ATTENTION, plain_attention)
    return Census(
        attention=tuple(name for name in ran if name in innermost),
        open_attention=tuple(taken),
        layer_norm=tuple(functions.called[functional.layer_norm]),
        gelu=tuple(functions.called[functional.gelu]),
    )


class _Functions(TorchFunctionMode):
    """Notes in which module LayerNorm and GELU are computed, be they modules or functions."""

    def __init__(self, stack: list[str]) -> None:
        super().__init__()
        self._stack = stack
        self.called: dict[Any, list[str]] = {functional.layer_norm: [], functional.gelu: []}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in self.called:
            self.called[func].append(self._stack[-1])
        return func(*args, **(kwargs or {}))


@contextmanager
def _module_stack(
    names: dict[torch.nn.Module, str],
) -> Iterator[tuple[list[str], list[str]]]:
    """The paths of the modules that are running, outermost first, and of all that ever ran."""
    stack: list[str] = []
    ran: list[str] = []

    def enter(module: torch.nn.Module, _: Any) -> None:
        stack.append(names[module])
        ran.append(names[module])

    def leave(*_: Any) -> None:
        stack.pop()

    handles = [module.register_forward_pre_hook(enter) for module in names]
    handles += [module.register_forward_hook(leave) for module in names]
    try:
        yield stack, ran
    finally:
        for handle in handles:
            handle.remove()


def _innermost_attention(graph: torch.nn.Module) -> set[str]:
    """Paths of the modules whose class is called an attention and that hold no other such."""
    named = [name for name, module in graph.named_modules() if _is_attention(module)]
    return {name for name in named if not any(other.startswith(f"{name}.") for other in named)}


def _is_attention(module: torch.nn.Module) -> bool:
    return "attention" in type(module).__name__.lower()
