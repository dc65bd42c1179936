"""Weights of a checkpoint that its model has no place for, and that transformers would leave out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from edgebert.checkpoint.checkpoint import Checkpoint
from edgebert.errors import CheckpointError

_NO_WEIGHTS = ("position_ids", "token_type_ids", "inv_freq")
"""Endings of what older versions saved of a model, and newer ones work out."""

_ADAPTERS = ("lora_", "adapter")


def refuse_what_would_be_dropped(
    model: Any, info: Mapping[str, Any], checkpoint: Checkpoint
) -> None:
    """Name the weights of the encoder that would go unread; those of another head may.

    Args:
        model: as transformers loaded it.
        info: what it says about that: names of `missing_keys` and `unexpected_keys`.
        checkpoint: where the weights are.

    Raises:
        CheckpointError: names that all have something before them, as wrappers of a model save
            them, or layers and parts that config.json does not have.
    """
    base = f"{model.base_model_prefix}."
    unread = sorted(info["unexpected_keys"])
    _refuse_wrapped(sorted(info["missing_keys"]), unread, base, checkpoint)
    parts = {name for name, _ in model.base_model.named_children()} - {"pooler"}
    names = [name.removeprefix(base) for name in unread if not name.endswith(_NO_WEIGHTS)]
    dropped = [name for name in names if name.partition(".")[0] in parts]
    if dropped:
        raise CheckpointError(
            f"{checkpoint.path} holds {len(dropped)} weights that its config.json has no place "
            f"for, such as {dropped[0]}: {_reason(dropped[0], model.config)}"
        )


def _refuse_wrapped(
    missing: Sequence[str], unread: Sequence[str], base: str, checkpoint: Checkpoint
) -> None:
    for name in missing[:1]:
        wrapped = next((other for other in unread if other.endswith(f".{name}")), None)
        if wrapped is not None:
            before = wrapped.removesuffix(name).removesuffix(base) or base
            raise CheckpointError(
                f"{checkpoint.path}: the names of its weights begin with {before!r}, as what wraps "
                "a model in training saves them: save the model inside, or take that off the names"
            )


def _reason(name: str, config: Any) -> str:
    if any(part in name for part in _ADAPTERS):
        return "an adapter changes the model: merge it into the weights first"
    layers = getattr(config, "num_hidden_layers", None)
    numbers = [int(number) for number in re.findall(r"\.(\d+)\.", name)]
    if layers is not None and numbers and numbers[0] >= layers:
        return f"it says {layers} layers. One of the two is not the model's own"
    return "they would be left out. One of the two is not the model's own"
