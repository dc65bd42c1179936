"""Folders of static embeddings: a table with a row for each token, and no layers, read without torch.

Three layouts hold one. sentence-transformers' StaticEmbedding has `embedding.weight` and no
config.json; model2vec's has `embeddings`, and maybe a weight for each token and a row that tokens
share; what is trained here with a head on it has a config.json of the architecture `TABLE_MODEL`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgebert.errors import CheckpointError
from edgebert.json_files import read_object
from edgebert.sentence_modules import TABLE, Module, Normalize, SentenceModules
from edgebert.weight_files import Array, check_weights, read_array, read_numbers, read_tensors

TABLE_MODEL = "edgebert-static"
"""The architecture of a table, whoever wrote it."""

WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
OWN_NAME = "embedding.weight"
_MODEL2VEC, _MODEL2VEC_NAME = "model2vec", "embeddings"
_MAPPING, _TOKEN_WEIGHTS = "mapping", "weights"

LONGEST = 8192
"""Tokens that are read of a text where nothing says how many: a mean has no longest input."""


def holds_table(path: Path, modules: list[Module]) -> bool:
    """Whether a folder has a table where others have an encoder.

    Args:
        path: of the encoder.
        modules: of the modules.json of the whole.
    """
    if any(module.kind == TABLE for module in modules):
        return True
    return not modules and read_object(path / "config.json").get("model_type") in (
        TABLE_MODEL,
        _MODEL2VEC,
    )


def read_table_config(path: Path) -> dict[str, Any]:
    """What config.json would say of a table: its size is that of its tensors.

    Raises:
        CheckpointError: there is no table, or it is none.
    """
    said = read_object(path / "config.json")
    if said.get("model_type") == TABLE_MODEL:
        return said
    rows, width = _shape(path)
    return {
        "model_type": TABLE_MODEL,
        "vocab_size": rows,
        "hidden_size": width,
        "num_hidden_layers": 0,
    }


def table_modules(path: Path) -> SentenceModules:
    """What follows the table of a folder without modules.json: only model2vec writes such."""
    normalize = read_object(path / "config.json").get("normalize") is True
    return SentenceModules(("mean",), (Normalize(),) if normalize else ())


def longest_text(path: Path, asked: int | None) -> tuple[int, str]:
    """How many tokens are read of a text, and what says so."""
    if asked is not None:
        if asked < 1:
            raise CheckpointError(f"max length {asked} is below 1")
        return asked, "--max-length"
    cut = read_object(path / TOKENIZER).get("truncation") or {}
    said = cut.get("max_length")
    return (int(said), TOKENIZER) if said else (LONGEST, "default")


def read_table(path: Path, *, unknown: int | None = None) -> Array:
    """The row of each token id, float32 [vocabulary, width].

    Args:
        path: of the folder.
        unknown: the id of what is no token. model2vec leaves it out of its means: its row is 0.

    Raises:
        CheckpointError: the file is damaged.
    """
    file = path / WEIGHTS
    tensors = read_tensors(file)
    if OWN_NAME in tensors:
        return read_array(file, OWN_NAME)
    table = np.asarray(read_numbers(file, _MODEL2VEC_NAME), np.float32)
    if _MAPPING in tensors:
        table = table[read_numbers(file, _MAPPING)]
    if _TOKEN_WEIGHTS in tensors:
        table = table * np.asarray(read_numbers(file, _TOKEN_WEIGHTS), np.float32)[:, None]
    if unknown is not None:
        table = table.copy()
        table[unknown] = 0
    return np.asarray(table, np.float32)


def is_of_model2vec(path: Path) -> bool:
    """Whether a folder's table has model2vec's layout, in which tokens may share rows."""
    return _MODEL2VEC_NAME in read_tensors(path / WEIGHTS)


def leaves_out_unknown(path: Path) -> bool:
    """Whether model2vec alone reads the folder: sentence-transformers counts unknown tokens."""
    config = read_object(path / "config.json")
    return config.get("model_type") == _MODEL2VEC and not (path / "modules.json").is_file()


def _shape(path: Path) -> tuple[int, int]:
    """Token ids that have a row, and its width."""
    check_weights(path)
    file = path / WEIGHTS
    tensors = read_tensors(file) if file.is_file() else {}
    name = next((name for name in (OWN_NAME, _MODEL2VEC_NAME) if name in tensors), None)
    shape = tensors[name]["shape"] if name else []
    if len(shape) != 2:
        raise CheckpointError(f"{path} holds no table of embeddings: {file.name} has none")
    _require_for_each_token(file, tensors, shape[0])
    rows = tensors[_MAPPING]["shape"][0] if _MAPPING in tensors else shape[0]
    return int(rows), int(shape[1])


def _require_for_each_token(file: Path, tensors: dict[str, Any], rows: int) -> None:
    """Look whether what is there for each token is there for all, and means rows that there are."""
    if _MAPPING in tensors:
        mapping = read_numbers(file, _MAPPING)
        if mapping.ndim != 1 or mapping.min(initial=0) < 0 or mapping.max(initial=0) >= rows:
            raise CheckpointError(f"{file}: {_MAPPING} means rows that its table does not have")
        rows = len(mapping)
    if _TOKEN_WEIGHTS in tensors and list(tensors[_TOKEN_WEIGHTS]["shape"]) != [rows]:
        raise CheckpointError(f"{file}: there are not as many {_TOKEN_WEIGHTS} as tokens")
