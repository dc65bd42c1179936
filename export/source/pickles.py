"""Checkpoints whose weights are pickles, as safetensors."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from edgebert.errors import CheckpointError
from edgebert.git_lfs import refuse_pointer
from edgebert.json_files import write_value
from edgebert.sentence_modules import list_modules
from edgebert.weight_files import INDEX, PICKLED_INDEX, pickled_weights, require_shards

_LOGGER = logging.getLogger(__name__)
_SINGLE = "model.safetensors"
_COPIED = {".json", ".txt", ".model", ".py", ".safetensors"}


def without_pickles(root: Path, target: Path) -> Path:
    """Copy a folder to `target` with its pickled weights as safetensors; say so in the log.

    Only tensors are read of them: PyTorch's restricted loader refuses everything else. A folder
    that has no pickle, or safetensors beside it, needs no copy.

    Returns:
        `target`, or `root` where nothing had to be done.

    Raises:
        CheckpointError: a file is damaged, or holds more than tensors.
    """
    modules = [module.folder for module in list_modules(root)]
    folders = {root, *(folder for folder in modules if folder.is_dir())}  # git keeps no empty one
    pickled = {at: pickled_weights(at) for at in folders if not any(at.glob("*.safetensors"))}
    if not any(pickled.values()):
        return root
    for folder in folders:
        require_shards(folder, PICKLED_INDEX)
        copied = target / folder.relative_to(root)
        copied.mkdir(parents=True, exist_ok=True)
        for file in folder.iterdir():
            if file.is_file() and file.suffix in _COPIED:
                shutil.copyfile(file, copied / file.name)
        _convert(pickled.get(folder, []), copied)
    return target


def _convert(files: list[Path], target: Path) -> None:
    weight_map: dict[str, str] = {}
    for file in files:
        refuse_pointer(file, CheckpointError)
        _LOGGER.warning(
            "%s is a pickle: opening one can run code of whoever made it. Only its tensors are read",
            file,
        )
        name = _SINGLE if len(files) == 1 else f"{file.stem}.safetensors"
        # safetensors keep no two names for one memory, as tied weights of a pickle have
        tensors = {key: value.contiguous().clone() for key, value in _tensors(file).items()}
        save_file(tensors, target / name, {"format": "pt"})
        weight_map |= dict.fromkeys(tensors, name)
    if len(files) > 1:
        write_value(target / INDEX, {"metadata": {}, "weight_map": weight_map})


def _tensors(file: Path) -> dict[str, Any]:
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zipfile and torch each raise their own
        raise CheckpointError(
            f"{file} is not read: it is damaged, or holds more than tensors, which could be code"
        ) from error
    if not isinstance(loaded, dict):
        raise CheckpointError(f"{file} is not read: it holds no table of named tensors")
    return {name: value for name, value in loaded.items() if isinstance(value, torch.Tensor)}
