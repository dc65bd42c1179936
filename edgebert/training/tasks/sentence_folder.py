"""The files that make a transformers folder a sentence-transformers one."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.sentence_modules import write_prompts, write_sentence_modules
from edgebert.training.tasks.similarity import Embedder


def write_sentence_folder(
    folder: Path,
    embedder: Embedder,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    """Write how token vectors become an embedding, in the layout sentence-transformers reads."""
    length = int(tokenizer.model_max_length)
    write_sentence_modules(
        folder, embedder.modules, width=model.config.hidden_size, max_length=length
    )
    truncate_dim = embedder.modules.truncate_dim
    write_prompts(folder, {}, None, embedder.similarity, truncate_dim=truncate_dim)
