"""Makes a student of a model: the same with fewer layers, or narrower ones."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from edgebert.errors import CheckpointError, InputError
from edgebert.training.distillation.narrowing import narrow
from edgebert.training.loop.device import training_device


@dataclass(frozen=True)
class Cut:
    """A model that was cut out of another.

    Attributes:
        model: of its own weights.
        layers: which of the other's layers it has, counted from 0.
        dims: which of the other's hidden numbers it has, int64 [hidden]; None for all.
    """

    model: PreTrainedModel
    layers: tuple[int, ...]
    dims: Tensor | None = None

    def hidden(self, whole: Tensor) -> Tensor:
        """What of the other's hidden states [..., hidden] stands for the student's."""
        return whole if self.dims is None else whole[..., self.dims]

    def stands_for(self, layer: int, depth: int) -> int:
        """The layer of the other, of `depth`, whose result is the student's of this layer.

        It is the last before the next that the student has: so the student's layer stands for all
        that were left out between them, and its last for the other's last.
        """
        following = self.layers[layer + 1] if layer + 1 < len(self.layers) else depth
        return following - 1


def cut(
    model: PreTrainedModel, layers: int | Sequence[int] | None, hidden: int | None = None
) -> Cut:
    """A copy with some of the layers, and of these some of the width; all else as it was.

    Args:
        model: stays as it is.
        layers: how many, evenly spaced, or which, counted from 0; None for all.
        hidden: the width; None for the whole.

    Raises:
        InputError: the copy would be no smaller, or there are no such layers.
        CheckpointError: the model is no plain stack of layers, or none that can be narrower.
    """
    depth = model.config.num_hidden_layers
    if not depth and (layers, hidden) != (None, None):
        raise CheckpointError("a table of static embeddings has no layers that could be left out")
    if hidden is not None and hasattr(model, CUT_PART):
        raise InputError("--hidden is for the layers of an encoder alone: choose --layers")
    kept = _chosen(layers, depth)
    smaller = _shorten(model, kept) if layers is not None else model
    if hidden is None:
        return Cut(smaller, kept)
    narrower, dims = narrow(smaller, hidden)
    return Cut(narrower, kept, dims.to(training_device()))


def evenly_spaced(depth: int, layers: int) -> tuple[int, ...]:
    """Which of `depth` layers to keep: the first, the last, and evenly between them."""
    if layers == 1:
        return (0,)
    return tuple(round(i * (depth - 1) / (layers - 1)) for i in range(layers))


def _chosen(layers: int | Sequence[int] | None, depth: int) -> tuple[int, ...]:
    if layers is None:
        return tuple(range(depth))
    if isinstance(layers, int):
        if not 1 <= layers < depth:
            raise InputError(
                f"the teacher has {depth} layers: choose from 1 to {depth - 1}, not {layers}"
            )
        return evenly_spaced(depth, layers)
    told = tuple(layers)
    if list(told) != sorted(set(told)) or not set(told) < set(range(depth)):
        raise InputError(
            f"the teacher's layers are 0 to {depth - 1}: choose some of them in ascending order, "
            f"not {','.join(map(str, told))}"
        )
    return told


def _shorten(model: PreTrainedModel, kept: Sequence[int]) -> PreTrainedModel:
    depth = model.config.num_hidden_layers
    student = copy.deepcopy(model)
    parent, name = layers_of(student).rpartition(".")[::2]
    holder = student.get_submodule(parent)
    stack = getattr(holder, name)
    setattr(holder, name, nn.ModuleList(stack[i] for i in kept))
    _tell_layers(student.config, kept, depth)
    return student


def _tell_layers(config: PretrainedConfig, kept: Sequence[int], depth: int) -> None:
    """Say how many layers there are, and of each what the configuration said of it."""
    for name, value in config.to_dict().items():
        if isinstance(value, list) and len(value) == depth and "layer" in name:
            setattr(config, name, [value[i] for i in kept])
    config.num_hidden_layers = len(kept)


CUT_PART = "cut_part"
"""Where a model of several parts says which of them students have less of."""


def cut_part(model: nn.Module) -> nn.Module:
    """What of a model has the layers of which a student has fewer."""
    return model.get_submodule(getattr(model, CUT_PART, ""))


def layers_of(model: PreTrainedModel) -> str:
    """Name of the module list that holds the encoder's layers.

    Raises:
        CheckpointError: there is none.
    """
    depth = model.config.num_hidden_layers
    for name, module in cut_part(model).named_modules(prefix=getattr(model, CUT_PART, "")):
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return str(name)
    raise CheckpointError(
        f"the layers of {model.config.model_type} are no plain stack of {depth}, "
        "so none can be left out"
    )
