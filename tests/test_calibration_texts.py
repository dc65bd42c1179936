"""The texts that int8 activations are calibrated with where the user gives none."""

from __future__ import annotations

import unicodedata

from edgebert.data.calibration_texts import CALIBRATION_TEXTS
from edgebert.data.samples import SENTENCES

SCRIPTS = set(
    "LATIN CJK CYRILLIC ARABIC DEVANAGARI THAI HANGUL HIRAGANA KATAKANA GREEK HEBREW".split()
)
_WITHOUT_SPACES = {"CJK", "HIRAGANA", "KATAKANA", "THAI"}


def _script(character: str) -> str:
    """The first word of a letter's Unicode name, "CJK" for a Han character; "" for no letter."""
    name = unicodedata.name(character) if character.isalpha() else ""
    return name.replace("-", " ").partition(" ")[0]


def _is_long(text: str) -> bool:
    letters = [_script(character) for character in text if character.isalpha()]
    without_spaces = sum(script in _WITHOUT_SPACES for script in letters)
    return len(text) >= 200 if 2 * without_spaces > len(letters) else len(text.split()) >= 100


def test_no_calibration_text_comes_twice_or_among_the_built_in_sentences() -> None:
    assert len(set(CALIBRATION_TEXTS)) == len(CALIBRATION_TEXTS)
    assert not set(CALIBRATION_TEXTS) & set(SENTENCES)


def test_twenty_calibration_texts_are_long_enough_to_reach_late_positions() -> None:
    assert sum(map(_is_long, CALIBRATION_TEXTS)) >= 20


def test_the_calibration_texts_are_written_in_every_common_script() -> None:
    assert set(map(_script, "".join(CALIBRATION_TEXTS))) >= SCRIPTS


def test_every_calibration_text_is_composed_unicode_without_stray_space() -> None:
    for text in CALIBRATION_TEXTS:
        assert unicodedata.is_normalized("NFC", text)
        assert text == " ".join(text.split())
        text.encode("utf-8")  # a lone surrogate would raise
