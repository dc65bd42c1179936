"""What the files beside a tokenizer say of how it is used: which end it cuts, what it feeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edgebert.errors import CheckpointError
from edgebert.json_files import read_object

_SETTINGS = "tokenizer_config.json"
_WITHOUT_TYPES = frozenset(
    {
        "AlbertTokenizer",
        "BertJapaneseTokenizer",
        "BigBirdTokenizer",
        "CamembertTokenizer",
        "DistilBertTokenizer",
        "FunnelTokenizer",
        "GPT2Tokenizer",
        "GemmaTokenizer",
        "LlamaTokenizer",
        "MPNetTokenizer",
        "PreTrainedTokenizer",
        "Qwen2Tokenizer",
        "RemBertTokenizer",
        "RoCBertTokenizer",
        "RoFormerTokenizer",
        "RobertaTokenizer",
        "SplinterTokenizer",
        "T5Tokenizer",
        "TokenizersBackend",
        "XLMRobertaTokenizer",
        "XLNetTokenizer",
    }
)
"""Tokenizers of transformers 5 that give no token types unless they are told to."""


def truncation_side(path: Path, tokenizer: dict[str, Any]) -> str:
    """Which end of a text that is too long is cut away, as transformers decides it.

    Args:
        path: a checkpoint's folder.
        tokenizer: its tokenizer.json, or nothing where it has none.

    Raises:
        CheckpointError: tokenizer_config.json names another side than these two.
    """
    cut = tokenizer.get("truncation") or {}
    stated = read_object(path / _SETTINGS).get("truncation_side")
    side = stated or str(cut.get("direction", "right")).lower()
    if side not in ("left", "right"):
        raise CheckpointError(f"{path / _SETTINGS}: truncation_side is left or right, not {side!r}")
    return str(side)


def feeds_token_types(path: Path) -> bool:
    """Whether transformers feeds the model token types, or leaves them at 0 in both texts of a pair.

    Its tokenizers know by themselves; this is for where they are not at hand.

    Args:
        path: a checkpoint's folder.

    Raises:
        CheckpointError: tokenizer_config.json does not list what is fed.
    """
    settings = read_object(path / _SETTINGS)
    names = settings.get("model_input_names")
    if names is None:
        kind = str(settings.get("tokenizer_class") or "")
        return kind.removesuffix("Fast") not in _WITHOUT_TYPES
    if not isinstance(names, list):
        raise CheckpointError(f"{path / _SETTINGS}: model_input_names is no list")
    return "token_type_ids" in names
