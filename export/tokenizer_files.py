"""The tokenizer and layout files of a bundle, as other readers of the folder expect them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import Checkpoint
from edgebert.json_files import read_object, write_value
from edgebert.sentence_modules import write_prompts, write_sentence_modules
from edgebert.tasks.base import Task


def write_tokenizer(tokenizer: Any, folder: Path, max_length: int, task: Task) -> None:
    """Write tokenizer.json with truncation at `max_length` and no padding, and its companions.

    For question answering only the context is cut: a question stays whole. The side on which the
    source cuts stays too.
    """
    tokenizer.model_max_length = max_length
    tokenizer.init_kwargs.pop("max_length", None)  # where the source truncates; fastembed obeys it
    tokenizer.save_pretrained(folder)
    backend = tokenizer.backend_tokenizer
    backend.enable_truncation(
        max_length, strategy=task.truncation, direction=tokenizer.truncation_side
    )
    backend.no_padding()
    backend.save(str(folder / TOKENIZER))
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    write_value(folder / "special_tokens_map.json", special)


def name_no_class(tokenizer: Any, folder: Path) -> None:
    """Name no class of transformers in tokenizer_config.json: it would drop what the file says."""
    settings = read_object(folder / "tokenizer_config.json")
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    settings["model_input_names"] = list(tokenizer.model_input_names)
    write_value(folder / "tokenizer_config.json", settings)


def write_config(config: Any, folder: Path) -> None:
    """Write config.json as transformers does, without what only PyTorch reads."""
    values = config.to_dict()
    for key in ("_name_or_path", "_attn_implementation_autoset", "dtype"):
        values.pop(key, None)
    write_value(folder / "config.json", values)


def write_sentence_transformers_files(checkpoint: Checkpoint, folder: Path, width: int) -> None:
    """Write how an embedding is made of token vectors, and the prompts.

    Args:
        checkpoint: an embedding model.
        folder: the bundle.
        width: dimensions of a token vector.
    """
    assert checkpoint.modules is not None
    write_sentence_modules(
        folder,
        checkpoint.modules,
        width=width,
        max_length=checkpoint.max_length,
        lower_case=checkpoint.lower_case,
    )
    write_prompts(
        folder,
        checkpoint.prompts,
        checkpoint.default_prompt,
        checkpoint.similarity,
        truncate_dim=checkpoint.modules.truncate_dim,
    )
