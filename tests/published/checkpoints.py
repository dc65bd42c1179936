"""Checkpoints of published shape: a small vocabulary, and every weight drawn anew."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import transformers
from tiny import VOCABULARY

from published.configurations import Published

_PIECES = 512
_SEED = 11


def make_published(folder: Path, published: Published) -> Path:
    """Write a checkpoint with the configuration of `published`, and a tokenizer for it."""
    config = configuration(published)
    torch.manual_seed(_SEED)
    is_t5 = published.model_type == "t5"
    auto_class = transformers.AutoModelForTextEncoding if is_t5 else transformers.AutoModel
    model = auto_class.from_config(config)
    redraw_by_width(model)
    model.save_pretrained(folder)
    write_padded_tokenizer(folder, config.pad_token_id)
    return folder


def configuration(published: Published) -> Any:
    """The transformers config: as published, but for the vocabulary and the layers that are left."""
    values = dict(published.values)
    if published.layers_left:
        values["num_hidden_layers"] = published.layers_left
    config = transformers.AutoConfig.for_model(published.model_type, **values)
    special = {
        name: i
        for i, name in enumerate(("pad", "unk", "cls", "sep", "mask"))
        if getattr(config, f"{name}_token_id", None) is not None
    }
    kept = values.get("pad_token_id", 0)
    for name, place in special.items():
        setattr(config, f"{name}_token_id", kept if name == "pad" else place)
    for name in ("bos_token_id", "eos_token_id"):
        if getattr(config, name, None) is not None:
            setattr(config, name, 2 if name == "bos_token_id" else 3)
    config.vocab_size = _PIECES
    return config


def redraw_by_width(model: torch.nn.Module) -> None:
    """Draw every parameter anew, so that each one matters at any width and depth.

    Products keep the size of what they multiply (1 / root of the inputs); those of query and key
    are larger, so that attention looks somewhere. As they come, biases are 0 and gains 1.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(_center(parameter) + _spread(name, parameter) * _noise(parameter))


def write_padded_tokenizer(folder: Path, pad_id: int) -> None:
    """Write a WordPiece tokenizer of 512 pieces, whose padding has the id that the model counts on."""
    pieces = [*VOCABULARY[1:], *(f"##{n}" for n in range(_PIECES - len(VOCABULARY)))]
    pieces.insert(pad_id, VOCABULARY[0])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=True)
    tokenizer.save_pretrained(folder)


def _center(parameter: torch.Tensor) -> float:
    """1 for gains, which begin there."""
    return 1.0 if parameter.ndim == 1 and bool((parameter == 1).all()) else 0.0


def _spread(name: str, parameter: torch.Tensor) -> float:
    if parameter.ndim < 2:
        return 0.2
    if "embed" in name:
        return 0.5
    looks = any(part in name for part in ("query", "key", "q_", "k_", ".q.", ".k.", "qkv"))
    return (1.4 if looks else 1.0) / math.sqrt(parameter[0].numel())


def _noise(parameter: torch.Tensor) -> torch.Tensor:
    return torch.randn(parameter.shape)
