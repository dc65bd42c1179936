"""Pieces of a target are learned of its texts, and every text can be written with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from edgebert.checkpoint.translation.target_tokenizer import (
    BEGIN_ID,
    END_ID,
    PAD_ID,
    SPECIALS,
    TARGET_TOKENIZER,
    UNKNOWN,
    learn_target_tokenizer,
    read_target_tokenizer,
)
from edgebert.errors import CheckpointError, InputError

GERMAN = [
    "Zwei junge Männer sind im Freien.",
    "Ein Mann mit Hut sitzt im Freien.",
    "Zwei Männer mit Hut warten im Schnee.",
    "Ein junger Hund läuft im Schnee.",
] * 3
CHINESE = ["我想去北京。", "他想去北京吗？", "我不想去。", "他不去北京。"] * 3
SIZE = 400


@pytest.fixture(scope="module")
def german() -> Tokenizer:
    return learn_target_tokenizer(GERMAN, SIZE)


@pytest.mark.parametrize(
    "text",
    [
        "Zwei Männer im Schnee.",
        "Preis: 12.345,60 € (+7 %)",
        "Grüße 😀👩‍👧 \U0001f1e9\U0001f1ea!",
        "你好，世界！",
        "rot-weiß  gestreift\tund\nmehr",
        "</s> ist kein Ende, <pad> auch nicht <0x41>",
        "Łódź ᚠᛇᚻ \x00 ﬁ",
    ],
)
def test_every_text_comes_back(german: Tokenizer, text: str) -> None:
    encoding = german.encode(text)
    assert german.decode(encoding.ids) == text
    assert UNKNOWN not in encoding.tokens


def test_a_text_is_never_taken_for_a_special_token(german: Tokenizer) -> None:
    assert not {PAD_ID, BEGIN_ID, END_ID} & set(german.encode("<s>a</s><pad>").ids)


def test_a_number_is_written_digit_by_digit(german: Tokenizer) -> None:
    pieces = german.encode("Im Jahr 2026.").tokens
    assert [piece for piece in pieces if piece.isdigit()] == list("2026")


def test_no_piece_goes_across_a_space_or_a_mark(german: Tokenizer) -> None:
    for piece in german.get_vocab():
        if piece in SPECIALS or piece.startswith("<0x"):
            continue
        assert "▁" not in piece[1:]
        assert len(piece) == 1 or not {".", ":", "-"} & set(piece)


def test_frequent_words_become_pieces_with_their_case(german: Tokenizer) -> None:
    assert german.encode("Männer im Schnee").tokens == ["▁Männer", "▁im", "▁Schnee"]


def test_chinese_words_become_pieces(german: Tokenizer) -> None:
    pieces = learn_target_tokenizer(CHINESE, SIZE).encode("他去北京。").tokens
    assert "北京" in "|".join(pieces)
    assert len(pieces) < len("他去北京。") + 1


def test_the_same_texts_give_the_same_pieces(german: Tokenizer) -> None:
    assert learn_target_tokenizer(GERMAN, SIZE).to_str() == german.to_str()


def test_no_more_pieces_are_learned_than_asked_for() -> None:
    assert learn_target_tokenizer(GERMAN, 300).get_vocab_size() <= 300
    with pytest.raises(InputError, match=r"--target-vocab-size should be above 271, not 100"):
        learn_target_tokenizer(GERMAN, 100)


def test_a_saved_tokenizer_cuts_as_before(german: Tokenizer, tmp_path: Path) -> None:
    german.save(str(tmp_path / TARGET_TOKENIZER))
    again = read_target_tokenizer(tmp_path)
    for text in (*GERMAN, "</s> 😀"):
        assert again.encode(text).ids == german.encode(text).ids


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"model": 3}'])
def test_a_damaged_tokenizer_is_one_line(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / TARGET_TOKENIZER).write_bytes(damage)
    with pytest.raises(CheckpointError, match=TARGET_TOKENIZER) as caught:
        read_target_tokenizer(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_tokenizer_of_something_else_is_refused(tmp_path: Path) -> None:
    from tokenizers.models import WordLevel

    Tokenizer(WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]")).save(
        str(tmp_path / TARGET_TOKENIZER)
    )
    with pytest.raises(CheckpointError, match="should begin with <pad>, <s>"):
        read_target_tokenizer(tmp_path)
