"""Texts with a word to guess, for models that fill it in."""

from __future__ import annotations

import re

_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"  # written without spaces
    r"|[^\W\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
_AMONG_THE_FIRST = 16  # words; those of a long text may be cut away


def with_mask(text: str, mask_token: str) -> str:
    """The text as it is where it holds the mask; else with its middle word masked.

    A text without words becomes the mask alone; of a long one, a word near its beginning is taken.
    """
    if mask_token in text:
        return text
    words = list(_WORD.finditer(text))[:_AMONG_THE_FIRST]
    if not words:
        return mask_token
    word = words[len(words) // 2]
    return text[: word.start()] + mask_token + text[word.end() :]
