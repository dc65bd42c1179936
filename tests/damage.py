"""Checkpoints that were damaged in one place each, as happens between training and device."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

Tensors = dict[str, torch.Tensor]


def change_weights(source: Path, output: Path, change: Callable[[Tensors], None]) -> Path:
    """Copy a checkpoint and change its weights."""
    shutil.copytree(source, output)
    tensors = load_file(output / "model.safetensors")
    change(tensors)
    save_file(tensors, output / "model.safetensors", metadata={"format": "pt"})
    return output


def scale_layer(source: Path, output: Path, name: str, factor: float) -> Path:
    """Multiply every weight whose name ends in `name`."""

    def change(tensors: Tensors) -> None:
        (found,) = [key for key in tensors if key.endswith(name)]
        tensors[found] *= factor

    return change_weights(source, output, change)


def swap_labels(source: Path, output: Path) -> Path:
    """Swap the first two rows of the classifier, and leave the label names where they are."""

    def change(tensors: Tensors) -> None:
        for name in ("classifier.weight", "classifier.bias"):
            rows = tensors[name]
            tensors[name] = rows[[1, 0, *range(2, len(rows))]].contiguous()

    return change_weights(source, output, change)


def randomize_head(source: Path, output: Path) -> Path:
    def change(tensors: Tensors) -> None:
        torch.manual_seed(11)
        spread = tensors["classifier.weight"].std()
        tensors["classifier.weight"] = spread * torch.randn_like(tensors["classifier.weight"])

    return change_weights(source, output, change)


def keep_case(source: Path, output: Path) -> Path:
    """Switch lower-casing off."""
    shutil.copytree(source, output)

    def change(tokenizer: dict[str, Any]) -> None:
        tokenizer["normalizer"]["lowercase"] = False

    _edit(output / "tokenizer.json", change)
    _edit(output / "tokenizer_config.json", lambda config: config.update(do_lower_case=False))
    return output


def pool_by_cls(source: Path, output: Path) -> Path:
    shutil.copytree(source, output)
    pooling = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (output / "1_Pooling/config.json").write_text(json.dumps(pooling))
    return output


def drop_normalize(source: Path, output: Path) -> Path:
    shutil.copytree(source, output)
    path = output / "modules.json"
    kept = [module for module in json.loads(path.read_text()) if "Normalize" not in module["type"]]
    path.write_text(json.dumps(kept))
    return output


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
