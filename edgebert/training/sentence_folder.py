"""The files that make a transformers folder a sentence-transformers one."""

from __future__ import annotations

import json
from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert import __version__
from edgebert.checkpoint import POOLING_MODES
from edgebert.training.similarity import Embedder


def write_sentence_modules(
    folder: Path,
    embedder: Embedder,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    """Write how token vectors become an embedding, in the layout sentence-transformers reads."""
    steps = ["Transformer", "Pooling", *["Normalize"] * embedder.normalize]
    modules = [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_{step}" if number else "",
            "type": f"sentence_transformers.models.{step}",
        }
        for number, step in enumerate(steps)
    ]
    for module in modules[1:]:
        (folder / str(module["path"])).mkdir()
    modes = {key: mode == embedder.pooling for key, mode in POOLING_MODES.items()}
    _write(folder / "modules.json", modules)
    _write(
        folder / "1_Pooling" / "config.json",
        {"word_embedding_dimension": model.config.hidden_size, **modes},
    )
    _write(
        folder / "sentence_bert_config.json",
        {"max_seq_length": tokenizer.model_max_length, "do_lower_case": False},
    )
    _write(
        folder / "config_sentence_transformers.json",
        {"__version__": {"edgebert": __version__}, "prompts": {}},
    )


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
