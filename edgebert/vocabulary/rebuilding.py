"""The files of a tokenizer with some of its pieces, renumbered from 0 without a hole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from edgebert.vocabulary.kept_pieces import merged


def renumbered(kept: Sequence[int]) -> dict[int, int]:
    """Old id to new id: the order stays."""
    return {old: new for new, old in enumerate(kept)}


def rebuild_tokenizer(tokenizer: dict[str, Any], kept: Sequence[int]) -> dict[str, Any]:
    """A tokenizer.json with the pieces `kept` (ascending ids) and everything else as it was."""
    new_ids = renumbered(kept)
    rebuilt = {**tokenizer, "model": _model(tokenizer["model"], new_ids)}
    rebuilt["added_tokens"] = [
        {**token, "id": new_ids[token["id"]]} for token in tokenizer["added_tokens"]
    ]
    rebuilt["post_processor"] = _post_processor(tokenizer["post_processor"], new_ids)
    if padding := tokenizer["padding"]:
        rebuilt["padding"] = {**padding, "pad_id": new_ids.get(padding["pad_id"], 0)}
    return rebuilt


def rebuild_tokenizer_config(config: dict[str, Any], new_ids: Mapping[int, int]) -> dict[str, Any]:
    """A tokenizer_config.json whose table of added tokens bears the new ids."""
    added = config.get("added_tokens_decoder")
    if not added:
        return config
    moved = {str(new_ids[int(old)]): token for old, token in added.items() if int(old) in new_ids}
    return {**config, "added_tokens_decoder": moved}


def _model(model: dict[str, Any], new_ids: Mapping[int, int]) -> dict[str, Any]:
    if model["type"] == "Unigram":
        vocab = [entry for index, entry in enumerate(model["vocab"]) if index in new_ids]
        unknown = None if model["unk_id"] is None else new_ids[model["unk_id"]]
        return {**model, "vocab": vocab, "unk_id": unknown}
    pieces = {piece: new_ids[old] for piece, old in model["vocab"].items() if old in new_ids}
    if model["type"] == "WordPiece":
        return {**model, "vocab": pieces}
    merges = [
        [left, right]
        for left, right in model["merges"]
        if left in pieces and right in pieces and merged(left, right, model) in pieces
    ]
    return {**model, "vocab": pieces, "merges": merges}


def _post_processor(part: Any, new_ids: Mapping[int, int]) -> Any:
    """Renumber special tokens: templates list ids, the older forms hold pairs of token and id."""
    if part is None:
        return None
    if part["type"] == "Sequence":
        return {**part, "processors": [_post_processor(p, new_ids) for p in part["processors"]]}
    if part["type"] == "TemplateProcessing":
        special = {
            name: {**token, "ids": [new_ids[old] for old in token["ids"]]}
            for name, token in part["special_tokens"].items()
        }
        return {**part, "special_tokens": special}
    pairs = {key: [part[key][0], new_ids[part[key][1]]] for key in ("sep", "cls") if key in part}
    return {**part, **pairs}
