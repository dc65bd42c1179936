"""Makes a student of a teacher: the same model with fewer layers."""

from __future__ import annotations

import copy

from torch import nn
from transformers import PreTrainedModel

from edgebert.errors import CheckpointError, InputError


def shorten(teacher: PreTrainedModel, layers: int) -> PreTrainedModel:
    """A copy with `layers` of the teacher's layers, evenly spaced, and all else as it was.

    Raises:
        InputError: the teacher has no more layers than that.
        CheckpointError: the teacher is no plain stack of layers.
    """
    depth = teacher.config.num_hidden_layers
    if not 1 <= layers < depth:
        raise InputError(
            f"the teacher has {depth} layers: choose from 1 to {depth - 1}, not {layers}"
        )
    student = copy.deepcopy(teacher)
    parent, name = _stack(student, depth).rpartition(".")[::2]
    holder = student.get_submodule(parent)
    stack = getattr(holder, name)
    setattr(holder, name, nn.ModuleList(stack[i] for i in evenly_spaced(depth, layers)))
    student.config.num_hidden_layers = layers
    return student


def evenly_spaced(depth: int, layers: int) -> list[int]:
    """Which of `depth` layers to keep: the first, the last, and evenly between them."""
    if layers == 1:
        return [0]
    return [round(i * (depth - 1) / (layers - 1)) for i in range(layers)]


def _stack(model: PreTrainedModel, depth: int) -> str:
    """Name of the module list that holds the encoder's layers."""
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            return str(name)
    raise CheckpointError(
        f"the layers of {model.config.model_type} are no plain stack of {depth}, "
        "so none can be left out"
    )
