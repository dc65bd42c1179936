"""Pairs of texts that are too long to be read at once: the longer side in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tokenizers

from edgebert.errors import InputError
from edgebert.text.encoding import Text, check_text, encode
from edgebert.text.long_texts import Cut


def check_sides(text: Any, place: int, cut: Cut, max_length: int) -> Text:
    """Return a text or a pair that can be read in parts.

    Args:
        text: of a list or a stream.
        place: there.
        cut: makes tokenizers.
        max_length: tokens that are read at a time.

    Raises:
        InputError: it is neither, or both sides of a pair are too long.
    """
    checked = check_text(text, place, pairs=True)
    if isinstance(checked, str):
        return checked
    refused = refusal_of_sides(checked, cut, max_length)
    if refused is not None:
        raise InputError(f"text {place}: {refused}")
    return checked


def refusal_of_sides(pair: tuple[str, str], cut: Cut, max_length: int) -> str | None:
    """Why a pair cannot be read in parts; None where it can."""
    special = cut(None, 0).num_special_tokens_to_add(True)
    counts = [len(side) for side in _sides(pair, cut)]
    if sum(counts) + special <= max_length or min(counts) + special < max_length:
        return None
    return (
        f"both of its sides fill the {max_length} tokens that are read at a time; "
        'long_text="mean" reads one side in parts beside all of the other'
    )


def parts_of_pairs(
    texts: Sequence[Text], tokenizer: tokenizers.Tokenizer, cut: Cut
) -> list[list[tokenizers.Encoding]]:
    """Parts of each text that follow each other where it is too long.

    Args:
        texts: or pairs, each part of which has all of the shorter side.
        tokenizer: of the bundle.
        cut: makes tokenizers of its kind.
    """
    return [
        _pair_parts(text, tokenizer, cut)
        if encoding.overflowing and not isinstance(text, str)
        else [encoding, *encoding.overflowing]
        for text, encoding in zip(texts, encode(tokenizer, texts, offsets=False), strict=True)
    ]


def _pair_parts(
    pair: tuple[str, str], tokenizer: tokenizers.Tokenizer, cut: Cut
) -> list[tokenizers.Encoding]:
    """Special tokens and types are put to each part anew: those of what overflows have one type."""
    said = tokenizer.truncation or {}
    first, second = _sides(pair, cut)
    longer, shorter = (second, first) if len(second) >= len(first) else (first, second)
    room = said["max_length"] - tokenizer.num_special_tokens_to_add(True) - len(shorter)
    longer.truncate(room, stride=0, direction=said["direction"])
    return [
        tokenizer.post_process(first, part)
        if longer is second
        else tokenizer.post_process(part, second)
        for part in (longer, *longer.overflowing)
    ]


def _sides(pair: tuple[str, str], cut: Cut) -> list[tokenizers.Encoding]:
    """Tokens of each side by itself, without special ones."""
    return cut(None, 0).encode_batch(list(pair), add_special_tokens=False)
