"""Which pieces of a vocabulary stay, so that the texts that need them keep their pieces."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

_BYTE_PIECE = re.compile(r"<0x[0-9A-F]{2}>")
_WORD_START = "▁"  # how sentencepiece writes the space before a word


def piece_ids(tokenizer: dict[str, Any]) -> dict[str, int]:
    """Every piece and added token of a tokenizer.json, and its id."""
    vocab = tokenizer["model"]["vocab"]
    if isinstance(vocab, list):  # Unigram: pairs of piece and score, in the order of their ids
        vocab = {piece: index for index, (piece, _) in enumerate(vocab)}
    return {**vocab, **{token["content"]: token["id"] for token in tokenizer["added_tokens"]}}


def pieces_to_keep(tokenizer: dict[str, Any], used: Iterable[int]) -> tuple[int, ...]:
    """Choose the ids that stay, so that a text made of `used` pieces is cut as before.

    1. Added tokens, single characters (at the start of a word and within it) and single bytes
       always stay: a text of any kind can still be written.
    2. WordPiece takes the longest piece that fits: none that is longer appears by taking away.
    3. BPE: every merge that leads to a piece that stays, with its two parts, stays in its rank.
       At each step the merge that came first is still there and still the first.
    4. Unigram: the best cut of a text is still there, and cuts that are gone were no better. The
       lowest score stays too, because the score of an unknown character follows from it.

    Args:
        tokenizer: a tokenizer.json.
        used: ids of the pieces that texts need.

    Returns:
        The ids that stay, in ascending order.
    """
    ids, model = piece_ids(tokenizer), tokenizer["model"]
    kept = {token["id"] for token in tokenizer["added_tokens"]} | set(used)
    kept |= {index for piece, index in ids.items() if _is_single(piece, model)}
    if model.get("unk_token") in ids:
        kept.add(ids[model["unk_token"]])
    if model["type"] == "BPE":
        kept = _with_parts(kept, ids, model)
    if model["type"] == "Unigram":
        scores = [score for _, score in model["vocab"]]
        kept |= {scores.index(min(scores)), model["unk_id"] or 0}
    return tuple(sorted(kept))


def merged(left: str, right: str, model: dict[str, Any]) -> str:
    """The piece that a merge of BPE makes."""
    return left + right.removeprefix(model.get("continuing_subword_prefix") or "")


def _is_single(piece: str, model: dict[str, Any]) -> bool:
    """Whether a piece is one character or byte, wherever in a word it may stand."""
    plain = piece.removesuffix(model.get("end_of_word_suffix") or "")
    for prefix in (model.get("continuing_subword_prefix") or "", _WORD_START):
        plain = plain.removeprefix(prefix)
    return len(plain) <= 1 or _BYTE_PIECE.fullmatch(piece) is not None


def _with_parts(kept: set[int], ids: dict[str, int], model: dict[str, Any]) -> set[int]:
    """Add the parts that each piece is merged of, and the parts of these."""
    parts: dict[int, list[int]] = defaultdict(list)
    for left, right in model["merges"]:
        parts[ids[merged(left, right, model)]] += [ids[left], ids[right]]
    waiting, closed = list(kept), set(kept)
    while waiting:
        new = set(parts[waiting.pop()]) - closed
        closed |= new
        waiting += new
    return closed
