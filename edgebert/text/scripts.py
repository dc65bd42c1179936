"""Which scripts are written without spaces between words."""

from __future__ import annotations

import re

_WITHOUT_SPACES = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u2e80-\u2fff"  # radicals
    "\u3000-\u30ff"  # marks of Chinese and Japanese, kana
    "\u3100-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # bopomofo, Han
    "\ufe30-\ufe4f\uff01-\uff9f"  # marks and letters of full and half width
    "\U00020000-\U0003ffff"  # rarer Han
    "]"
)


def is_without_spaces(character: str) -> bool:
    """Whether a character, letter or mark, is of a script that has no space between words."""
    return bool(_WITHOUT_SPACES.match(character))


def has_letters(text: str) -> bool:
    """Whether there is something in a text that can be translated."""
    return any(character.isalpha() for character in text)
