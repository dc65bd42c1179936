"""The tokenizer and layout files of a bundle, as other readers of the folder expect them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgebert.bundle import TOKENIZER
from edgebert.checkpoint import POOLING_MODES, Checkpoint


def write_tokenizer(tokenizer: Any, folder: Path, max_length: int) -> None:
    """Write tokenizer.json with truncation at `max_length` and no padding, and its companions."""
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(folder)
    backend = tokenizer.backend_tokenizer
    backend.enable_truncation(max_length)
    backend.no_padding()
    backend.save(str(folder / TOKENIZER))
    special = {name: str(token) for name, token in tokenizer.special_tokens_map.items()}
    _write(folder / "special_tokens_map.json", special)


def write_config(config: Any, folder: Path) -> None:
    """Write config.json as transformers does, without what only PyTorch reads."""
    values = config.to_dict()
    for key in ("_name_or_path", "_attn_implementation_autoset", "dtype"):
        values.pop(key, None)
    _write(folder / "config.json", values)


def write_sentence_transformers_files(checkpoint: Checkpoint, folder: Path, width: int) -> None:
    """Write modules.json, 1_Pooling/config.json and sentence_bert_config.json.

    Args:
        checkpoint: an embedding model.
        folder: the bundle.
        width: dimensions of an embedding.
    """
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    modules += [("2_Normalize", "Normalize")] if checkpoint.normalize else []
    entries = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{name}"}
        for i, (path, name) in enumerate(modules)
    ]
    _write(folder / "modules.json", entries)
    pooling = {key: mode == checkpoint.pooling for key, mode in POOLING_MODES.items()}
    (folder / "1_Pooling").mkdir()
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": width, **pooling})
    limits = {"max_seq_length": checkpoint.max_length, "do_lower_case": False}
    _write(folder / "sentence_bert_config.json", limits)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
