"""What a model has inside as it runs, and what of a student's is to be as its teacher's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor, nn
from torch.nn.functional import cosine_similarity
from transformers import PreTrainedModel

from edgebert.training.distillation.student import Cut


@dataclass(frozen=True)
class Insides:
    """What was seen while a model ran.

    Attributes:
        hidden_states: those of the embeddings and of each layer, [rows, sequence, hidden].
        outputs: what modules gave, by their names, [rows, sequence, width].
    """

    hidden_states: tuple[Tensor, ...] = ()
    outputs: Mapping[str, Tensor] = field(default_factory=dict)


class Likeness(Protocol):
    """Something inside a student that is to be as in its teacher.

    Attributes:
        student, teacher: names of the modules whose outputs are looked at.
    """

    @property
    def student(self) -> tuple[str, ...]: ...
    @property
    def teacher(self) -> tuple[str, ...]: ...
    def loss(self, learnt: Insides, taught: Insides, mask: Tensor) -> Tensor:
        """The loss summed over tokens; `mask` [rows, sequence] is False at padding."""
        ...


def run_seen(
    model: PreTrainedModel, batch: dict[str, Tensor], modules: Sequence[Sequence[str]]
) -> tuple[Any, Insides]:
    """The output of a model for a batch, and what was inside.

    Args:
        model: that runs.
        batch: its inputs.
        modules: for each likeness the modules that it looks at; where there is none, only the
            output is of interest.
    """
    if not modules:
        return model(**batch), Insides()
    with _watched(model, {name for of_one in modules for name in of_one}) as outputs:
        output = model(**batch, output_hidden_states=True)
    return output, Insides(output.hidden_states, outputs)


@contextmanager
def _watched(model: nn.Module, names: set[str]) -> Iterator[dict[str, Tensor]]:
    """Yield a dictionary that the outputs of modules come into as they run."""
    outputs: dict[str, Tensor] = {}

    def keeper(name: str) -> Any:
        def keep(module: nn.Module, given: object, output: Tensor) -> None:
            outputs[name] = output

        return keep

    hooks = [model.get_submodule(name).register_forward_hook(keeper(name)) for name in names]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(frozen=True)
class LastStates:
    """The direction of the last hidden states, as DistilBERT learned it (Sanh et al. 2019)."""

    cut: Cut

    student = teacher = ()

    def loss(self, learnt: Insides, taught: Insides, mask: Tensor) -> Tensor:
        return _turned(learnt.hidden_states[-1], self.cut.hidden(taught.hidden_states[-1]), mask)


@dataclass(frozen=True)
class EachLayer:
    """The direction of what each layer of the student makes, the mean of its layers.

    Sun et al. 2019, "Patient Knowledge Distillation for BERT Model Compression": a layer is to give
    what the teacher's gives before the next that the student has too.
    """

    cut: Cut

    student = teacher = ()

    def loss(self, learnt: Insides, taught: Insides, mask: Tensor) -> Tensor:
        depth, layers = len(taught.hidden_states) - 1, len(self.cut.layers)
        turned = [
            _turned(
                learnt.hidden_states[layer + 1],
                self.cut.hidden(taught.hidden_states[self.cut.stands_for(layer, depth) + 1]),
                mask,
            )
            for layer in range(layers)
        ]
        return sum(turned, learnt.hidden_states[0].new_zeros(())) / layers


def _turned(learnt: Tensor, taught: Tensor, mask: Tensor) -> Tensor:
    """1 - cosine, summed over the tokens of [rows, sequence, hidden]."""
    alike = cosine_similarity(learnt[mask].float(), taught[mask].float(), dim=-1)
    return (1 - alike).sum()
