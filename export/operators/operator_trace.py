"""What an architecture really runs, told by running it once in PyTorch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from edgebert.export.operators.attention import PLAIN_ATTENTION, choose_attention, plain_attention

_COUNTED_ATTENTION = "edgebert_counted"


@dataclass(frozen=True)
class OperatorTrace:
    """Module paths in the order in which they ran; one that runs twice is there twice.

    What ran for no output (LiLT's last layer of layout) is left out: it is no part of a graph.

    Attributes:
        attention: every attention layer.
        open_attention: those that took their attention from transformers' registry.
        layer_norm, gelu: where a LayerNorm or a GELU (exact or by tanh) was computed.
    """

    attention: tuple[str, ...]
    open_attention: tuple[str, ...]
    layer_norm: tuple[str, ...]
    gelu: tuple[str, ...]


@dataclass(frozen=True)
class _Ran:
    """A module that ran, and the step of the backward pass that begins at its output."""

    name: str
    step: Any


def trace_operators(graph: torch.nn.Module, inputs: Mapping[str, Any]) -> OperatorTrace:
    """Run `graph` once and note what ran. Its attention is `PLAIN_ATTENTION` afterwards."""
    names = {module: name for name, module in graph.named_modules()}
    innermost = _innermost_attention(graph)
    taken: list[_Ran] = []

    def counted(module: torch.nn.Module, *args: Any, **options: Any) -> Any:
        answer = plain_attention(module, *args, **options)
        taken.append(_Ran(names[module], _step(answer)))
        return answer

    AttentionInterface.register(_COUNTED_ATTENTION, counted)
    AttentionMaskInterface.register(_COUNTED_ATTENTION, AttentionMaskInterface()[PLAIN_ATTENTION])
    choose_attention(graph, _COUNTED_ATTENTION)
    try:
        with (
            _module_stack(names) as (stack, ran),
            _Functions(stack) as functions,
            torch.enable_grad(),
        ):
            outputs = graph(**inputs)
    finally:
        choose_attention(graph, PLAIN_ATTENTION)
        # the registry is never emptied: with what counted, it would keep the model in memory
        AttentionInterface.register(_COUNTED_ATTENTION, plain_attention)
    needed = _steps_to(outputs)
    within = tuple(f"{one.name}." for one in taken)  # a part of one that is counted already
    own = [one for one in ran if one.name in innermost and not one.name.startswith(within)]
    return OperatorTrace(
        attention=_names(own, needed),
        open_attention=_names(taken, needed),
        layer_norm=_names(functions.called[functional.layer_norm], needed),
        gelu=_names(functions.called[functional.gelu], needed),
    )


class _Functions(TorchFunctionMode):
    """Notes in which module LayerNorm and GELU are computed, be they modules or functions."""

    def __init__(self, stack: list[str]) -> None:
        super().__init__()
        self._stack = stack
        self.called: dict[Any, list[_Ran]] = {functional.layer_norm: [], functional.gelu: []}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        answer = func(*args, **(kwargs or {}))
        if func in self.called:
            self.called[func].append(_Ran(self._stack[-1], _step(answer)))
        return answer


@contextmanager
def _module_stack(
    names: dict[torch.nn.Module, str],
) -> Iterator[tuple[list[str], list[_Ran]]]:
    """The paths of the modules that are running, outermost first, and all that have run."""
    stack: list[str] = []
    ran: list[_Ran] = []

    def enter(module: torch.nn.Module, _: Any) -> None:
        stack.append(names[module])

    def leave(_module: torch.nn.Module, _inputs: Any, answer: Any) -> None:
        ran.append(_Ran(stack.pop(), _step(answer)))

    handles = [module.register_forward_pre_hook(enter) for module in names]
    handles += [module.register_forward_hook(leave) for module in names]
    try:
        yield stack, ran
    finally:
        for handle in handles:
            handle.remove()


def _step(answer: Any) -> Any:
    """Where the backward pass of an answer begins, of its first tensor; None if it has none."""
    if isinstance(answer, torch.Tensor):
        return answer.grad_fn
    parts = answer.values() if isinstance(answer, dict) else answer
    if not isinstance(answer, dict | list | tuple):
        return None
    return next((step for part in parts if (step := _step(part)) is not None), None)


def _steps_to(outputs: Any) -> set[Any]:
    """Every step of the backward pass that begins at the outputs."""
    tensors = outputs if isinstance(outputs, tuple) else (outputs,)
    pending, found = [tensor.grad_fn for tensor in tensors], set()
    while pending:
        step = pending.pop()
        if step is not None and step not in found:
            found.add(step)
            pending.extend(following for following, _ in step.next_functions)
    return found


def _names(ran: list[_Ran], needed: set[Any]) -> tuple[str, ...]:
    """What ran for an output; where that cannot be told, it counts as needed."""
    return tuple(one.name for one in ran if one.step is None or one.step in needed)


def _innermost_attention(graph: torch.nn.Module) -> set[str]:
    """Paths of the modules whose class is called an attention and that hold no other such."""
    named = [name for name, module in graph.named_modules() if _is_attention(module)]
    return {name for name in named if not any(other.startswith(f"{name}.") for other in named)}


def _is_attention(module: torch.nn.Module) -> bool:
    return "attention" in type(module).__name__.lower()
