"""The files that make a transformers folder a sentence-transformers one."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.checkpoint.table_model import TableModel
from edgebert.sentence_modules import (
    write_prompts,
    write_sentence_modules,
    write_table_modules,
)
from edgebert.training.tasks.sentences.embedder import Embedder


def write_sentence_folder(
    folder: Path,
    embedder: Embedder,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    """Write how token vectors become an embedding, in the layout sentence-transformers reads."""
    is_table = isinstance(model, TableModel)
    if is_table:
        write_table_modules(folder, embedder.modules)
    else:
        write_sentence_modules(
            folder,
            embedder.modules,
            width=model.config.hidden_size,
            max_length=int(tokenizer.model_max_length),
            lower_case=embedder.lower_case,
        )
    write_prompts(
        folder,
        dict(embedder.prompts),
        embedder.default_prompt,
        embedder.similarity,
        truncate_dim=embedder.modules.truncate_dim,
        normalize=embedder.unit if is_table else None,
    )
