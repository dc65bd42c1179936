"""The weights of a checkpoint with some of the rows that belong to its pieces."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import safe_open
from safetensors.torch import save_file

from edgebert.errors import CheckpointError
from edgebert.json_files import read_object, write_value
from edgebert.weight_files import INDEX


def keep_rows(
    source: Path, target: Path, config: Any, kept: Sequence[int], *, prefix: str = ""
) -> None:
    """Copy the weight files of a checkpoint with the rows `kept` of all that counts by pieces.

    Args:
        source: the checkpoint's folder.
        target: the folder to write to.
        config: the configuration of what reads texts, as transformers reads it.
        kept: ids of the pieces that stay.
        prefix: what the names of its weights begin with; all others stay as they are.

    Raises:
        CheckpointError: a piece that stays has no row.
    """
    if kept[-1] >= config.vocab_size:
        raise CheckpointError(
            f"{source} has a tokenizer of other pieces than its weights: id {kept[-1]} is beyond "
            f"vocab_size {config.vocab_size}"
        )
    rows, names = torch.tensor(kept), _counted_by_pieces(config)
    for file in sorted(source.glob("*.safetensors")):
        with safe_open(file, "pt") as opened:
            metadata = opened.metadata()
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        for name, tensor in tensors.items():
            counted = name.startswith(prefix) and _ends_alike(name.removeprefix(prefix), names)
            if counted and tensor.shape[:1] == (config.vocab_size,):
                tensors[name] = tensor[rows].contiguous()
        save_file(tensors, target / file.name, metadata)
    _copy_index(source, target)


def _counted_by_pieces(config: Any) -> set[str]:
    """Names of the parameters whose shape follows the size of the vocabulary."""
    larger = copy.deepcopy(config)
    larger.vocab_size += 1
    before, after = _shapes(config), _shapes(larger)
    return {name for name, shape in before.items() if after[name] != shape}


def _shapes(config: Any) -> dict[str, torch.Size]:
    """Shapes of all weights of the encoder, with its head for masked tokens where it has one."""
    has_head = type(config) in transformers.MODEL_FOR_MASKED_LM_MAPPING
    auto_class = transformers.AutoModelForMaskedLM if has_head else transformers.AutoModel
    with torch.device("meta"):
        model = auto_class.from_config(config)
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def _ends_alike(name: str, known: set[str]) -> bool:
    """Whether a tensor is one of `known`, saved with or without the prefix of its encoder."""
    return any(f".{name}".endswith(f".{k}") or f".{k}".endswith(f".{name}") for k in known)


def _copy_index(source: Path, target: Path) -> None:
    if not (source / INDEX).is_file():
        return
    index = read_object(source / INDEX)
    size = sum(file.stat().st_size for file in target.glob("*.safetensors"))
    index["metadata"] = {**index.get("metadata", {}), "total_size": size}
    write_value(target / INDEX, index)
