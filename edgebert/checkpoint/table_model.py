"""Static embeddings in PyTorch: a table, and a head on the mean of a text's rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)
from transformers.modeling_outputs import BaseModelOutput, SequenceClassifierOutput

from edgebert.checkpoint.checkpoint import Checkpoint
from edgebert.checkpoint.sentence_head import pool
from edgebert.checkpoint.table_folder import (
    OWN_NAME,
    TABLE_MODEL,
    TOKENIZER,
    WEIGHTS,
    leaves_out_unknown,
    read_table,
)
from edgebert.errors import CheckpointError
from edgebert.json_files import read_object
from edgebert.weight_files import read_array, read_tensors

_PADDING = ("[PAD]", "<pad>", "<PAD>", "<|endoftext|>")
"""What tokenizers call what stands where nothing is, the usual first."""


class TableConfig(PretrainedConfig):  # type: ignore[misc]
    """The size of a table; `head_size` is the width of the layer under a head's last one."""

    model_type = TABLE_MODEL

    vocab_size: int = 0
    hidden_size: int = 0
    num_hidden_layers: int = 0
    head_size: int = 256
    pad_token_id: int | None = 0


class TableModel(PreTrainedModel):  # type: ignore[misc]
    """The row of each token as its vector, whatever stands around it."""

    config_class = TableConfig
    base_model_prefix = "table"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.post_init()

    def get_input_embeddings(self) -> nn.Embedding:
        return self.embedding

    def set_input_embeddings(self, value: nn.Embedding) -> None:
        self.embedding = value

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: Any) -> Any:
        """`last_hidden_state` float32 [texts, tokens, width] of int64 ids [texts, tokens]."""
        return BaseModelOutput(last_hidden_state=self.embedding(input_ids))


class TableForSequenceClassification(PreTrainedModel):  # type: ignore[misc]
    """Logits of the mean of a text's rows, through one layer between."""

    config_class = TableConfig
    base_model_prefix = "table"

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.table = TableModel(config)
        self.classifier = nn.Sequential(
            nn.Linear(config.hidden_size, config.head_size),
            nn.ReLU(),
            nn.Linear(config.head_size, config.num_labels),
        )
        self.post_init()

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: Any) -> Any:
        """`logits` float32 [texts, labels] of int64 ids and mask [texts, tokens]."""
        rows = self.table(input_ids, attention_mask).last_hidden_state
        return SequenceClassifierOutput(logits=self.classifier(pool(rows, attention_mask, "mean")))


_CLASSES: dict[Any, Any] = {
    AutoModel: TableModel,
    AutoModelForSequenceClassification: TableForSequenceClassification,
}
"""What a table can be, by transformers' names."""

AutoConfig.register(TABLE_MODEL, TableConfig)
for _auto_class, _class in _CLASSES.items():
    _auto_class.register(TableConfig, _class)


def load_table_model(
    auto_class: Any, checkpoint: Checkpoint, config: Mapping[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The weights under a head, and which of them the folder does not have, as transformers tells it.

    Raises:
        CheckpointError: a head that stands on tokens, of which a table knows nothing.
    """
    if auto_class not in _CLASSES:
        raise CheckpointError(
            f"{checkpoint.id} is a table of static embeddings, where a token says the same in every "
            "text: it embeds and classifies whole texts"
        )
    settings = {**checkpoint.config, **{key: v for key, v in config.items() if v is not None}}
    model = _CLASSES[auto_class](TableConfig(**settings))
    own, found = model.state_dict(), _state(checkpoint, model.base_model is model)
    fits = {key: value for key, value in found.items() if own[key].shape == value.shape}
    model.load_state_dict(fits, strict=False)
    mismatched = [
        (key, tuple(found[key].shape), tuple(own[key].shape)) for key in found if key not in fits
    ]
    missing = [key for key in own if key not in found]
    return model.eval(), {
        "missing_keys": missing,
        "unexpected_keys": [],
        "mismatched_keys": mismatched,
    }


def save_table(model: TableModel, tokenizer: Any, folder: Path) -> None:
    """Write a table and its tokenizer, which frames no text and cuts none.

    Args:
        model: without a head.
        tokenizer: a fast one of transformers; it stays as it is.
        folder: where to.
    """
    save_file({OWN_NAME: model.embedding.weight.detach().cpu().contiguous()}, folder / WEIGHTS)
    backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
    backend.no_truncation()
    backend.no_padding()
    backend.post_processor = None
    backend.save(str(folder / TOKENIZER))


def table_config(checkpoint: Checkpoint) -> Any:
    return TableConfig(**checkpoint.config)


def load_table_tokenizer(checkpoint: Checkpoint) -> Any:
    """Its tokenizer, which puts no special tokens around a text: their rows would be in each mean."""
    file = checkpoint.path / TOKENIZER
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(file), model_input_names=["input_ids", "attention_mask"]
    )
    specials = {token["content"] for token in read_object(file).get("added_tokens") or []}
    tokenizer.pad_token = next((name for name in _PADDING if name in specials), None)
    return tokenizer


def _state(checkpoint: Checkpoint, alone: bool) -> dict[str, Tensor]:
    """The weights that the folder has, by the names of the model with or without a head."""
    file, before = checkpoint.path / WEIGHTS, f"{TableModel.base_model_prefix}."
    tensors = read_tensors(file)
    if before + OWN_NAME in tensors:
        state = {name: torch.from_numpy(read_array(file, name)) for name in tensors}
    else:
        table = read_table(checkpoint.path, unknown=_unknown_id(checkpoint))
        state = {before + OWN_NAME: torch.from_numpy(table)}
    if alone:
        return {OWN_NAME: state[before + OWN_NAME]}
    return state


def _unknown_id(checkpoint: Checkpoint) -> int | None:
    """The id of what is no token, where the reader of the folder leaves it out."""
    if not leaves_out_unknown(checkpoint.path):
        return None
    model = read_object(checkpoint.path / TOKENIZER).get("model") or {}
    name, pieces = model.get("unk_token"), model.get("vocab")
    if isinstance(pieces, list):  # Unigram says the place of its own
        place = model.get("unk_id")
        return None if place is None else int(place)
    return pieces.get(name) if isinstance(pieces, dict) else None
