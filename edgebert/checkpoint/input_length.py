"""The longest input of a checkpoint, from the files that may state it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.json_files import read_object

_UNBOUNDED = 1_000_000  # transformers writes 1e30 where a tokenizer states no length
_NO_TABLE = 512
"""Longest input of an architecture without a position table whose tokenizer states none."""

_OFFSET_BY_PADDING = frozenset(
    {
        "camembert",
        "data2vec-text",
        "esm",
        "ibert",
        "lilt",
        "longformer",
        "luke",
        "markuplm",
        "mpnet",
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
    }
)
"""Architectures whose position table starts behind the padding id, as fairseq's did."""


def longest_input(
    path: Path, config: dict[str, Any], limits: dict[str, Any], asked: int | None
) -> tuple[int, str]:
    """The longest input: what was asked, else the first of the files that states one."""
    positions = _positions(config)
    longest = positions or _UNBOUNDED
    if asked is not None:
        if not 3 <= asked <= longest:
            raise CheckpointError(f"max length {asked} is outside 3..{longest}, the position table")
        return asked, "--max-length"
    tokenizer = read_object(path / "tokenizer_config.json")
    stated = (
        ("sentence_bert_config.json", limits.get("max_seq_length")),
        ("tokenizer_config.json", tokenizer.get("model_max_length", tokenizer.get("max_len"))),
    )
    for name, length in stated:
        if not isinstance(length, int | float | None):
            raise CheckpointError(f"{path / name}: the longest input is a number, not {length!r}")
        if length and 0 < length < _UNBOUNDED:
            return min(int(length), longest), name
    return positions or _NO_TABLE, "config.json"


def _positions(config: dict[str, Any]) -> int | None:
    """Positions that the architecture has, None where it counts none."""
    table = config.get("max_position_embeddings") or config.get("n_positions")
    if not isinstance(table, int) or table <= 0:
        return None
    if config["model_type"] not in _OFFSET_BY_PADDING:
        return table
    padding = config.get("pad_token_id")  # MPNet's stays 1 whatever its tokenizer pads with
    if padding is None or config["model_type"] == "mpnet":
        padding = 1
    return table - int(padding) - 1
