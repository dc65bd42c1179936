"""Texts that are easily read wrongly, those with names and thousands that are made up."""

from __future__ import annotations

import random

from conformance.texts import TEXTS

GENERATED = 2000

_BLOCKS = (
    ("basic latin", 0x20, 0x7E, 6),
    ("latin with marks", 0xA0, 0x24F, 2),
    ("combining marks", 0x300, 0x36F, 1),
    ("greek to armenian", 0x370, 0x58F, 2),
    ("hebrew and arabic", 0x590, 0x6FF, 1),
    ("scripts of India", 0x900, 0xD7F, 1),
    ("thai and lao", 0xE00, 0xEFF, 1),
    ("jamo", 0x1100, 0x11FF, 1),
    ("latin with two marks", 0x1E00, 0x1FFF, 1),
    ("punctuation and blanks", 0x2000, 0x206F, 1),
    ("signs", 0x20A0, 0x27BF, 1),
    ("kana", 0x3000, 0x30FF, 1),
    ("ideographs", 0x4E00, 0x9FFF, 2),
    ("hangul", 0xAC00, 0xD7A3, 1),
    ("full width", 0xFF00, 0xFFEF, 1),
    ("letters of mathematics", 0x1D400, 0x1D7FF, 1),
    ("emoji", 0x1F300, 0x1FAFF, 1),
    ("rare ideographs", 0x20000, 0x2A6DF, 1),
)
"""First and last code point of a block, and how often it is taken."""


def tricky_texts() -> list[str]:
    """Texts with names, and as many as `GENERATED`, the same ones each time."""
    made = random.Random(18)
    return [*TEXTS.values(), *(_text(made) for _ in range(GENERATED))]


def _text(made: random.Random) -> str:
    return "".join(_word(made) for _ in range(made.randint(1, 8)))


def _word(made: random.Random) -> str:
    weights = [weight for *_, weight in _BLOCKS]
    _, first, last, _ = made.choices(_BLOCKS, weights)[0]
    letters = "".join(chr(made.randint(first, last)) for _ in range(made.randint(1, 6)))
    return letters + made.choice((" ", " ", "", "-", "  "))
