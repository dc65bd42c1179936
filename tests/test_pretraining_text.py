"""What a corpus becomes before a BERT learns from it: documents, a vocabulary, tokens and pairs."""

from __future__ import annotations

import gzip
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from transformers import BertTokenizer

from edgebert.errors import InputError
from edgebert.training.pretraining.corpus import Corpus
from edgebert.training.pretraining.packing import NO_QUESTION, Pairs, pack
from edgebert.training.pretraining.token_store import TokenStore, store_tokens
from edgebert.training.pretraining.vocabulary import learn_tokenizer

WORDS = "turn on the lamp in kitchen please tell ben that it is off".split()
ROOM = 45


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_blank_lines_divide_documents(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "a.\nb. c.\n\nd.\ne.\n\n\nf.\ng.\n\nalone.\n")
    corpus = Corpus([path])
    assert list(corpus) == [["a.", "b. c."], ["d.", "e."], ["f.", "g."], ["alone."]]
    assert corpus.count() == 3


def test_without_blank_lines_each_line_is_a_document(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress("One. Two! Three?\n一。二！三？\nFour. Five\n".encode()))
    assert list(Corpus([path])) == [
        ["One.", "Two!", "Three?"],
        ["一。", "二！", "三？"],
        ["Four.", "Five"],
    ]


@pytest.mark.parametrize("text", ["", "only one sentence", "A. B.\n", "a\nb\n\nc\nd\n", "\n\n\n"])
def test_too_little_text_is_told_in_a_line(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "a.txt", text)
    with pytest.raises(InputError, match=r"a\.txt: expected at least 3 documents of 2 sentences"):
        Corpus([path]).count()


def test_the_vocabulary_is_lower_case_and_splits_chinese() -> None:
    tokenizer = learn_tokenizer(["Turn ON the Lamp", "打开灯"] * 5, 200, 32)
    assert tokenizer.tokenize("TURN 打开lamp") == ["turn", "打", "开", "lamp"]
    assert sorted(tokenizer.all_special_ids) == [0, 1, 2, 3, 4]


def test_a_vocabulary_is_learned_the_same_every_time() -> None:
    generator = random.Random(1)
    sentences = [" ".join(generator.choices(WORDS, k=7)) for _ in range(200)]
    one, two = (learn_tokenizer(sentences, 60, 32).get_vocab() for _ in range(2))
    assert one == two


def test_chinese_leaves_room_for_words_of_other_text() -> None:
    chinese = [chr(0x4E00 + i) * 5 for i in range(300)]
    tokenizer = learn_tokenizer([*chinese, *["turn on the lamp 打开灯"] * 50], 350, 32)
    assert tokenizer.tokenize("一丁the lamp") == ["一", "丁", "the", "lamp"]
    pieces = tokenizer.get_vocab()
    assert len(pieces) <= 350
    assert not [piece for piece in pieces if piece[:2] == "##" and piece[2] >= "一"]


def test_characters_that_are_too_rare_to_learn_stay_out() -> None:
    often = ["turn on the lamp 灯灯灯灯灯"] * 20_000
    tokenizer = learn_tokenizer([*often, "rarẞ 稀 on", *["five 五"] * 5], 200, 32)
    assert tokenizer.tokenize("on 稀 five 五") == ["on", "[UNK]", "five", "五"]
    assert "ß" not in tokenizer.get_vocab() and "##ß" not in tokenizer.get_vocab()


def test_a_vocabulary_below_the_characters_is_refused() -> None:
    with pytest.raises(InputError, match=r"of 150 is too small: .* has 305 .*--vocab-size"):
        learn_tokenizer([chr(0x4E00 + i) for i in range(300)], 150, 32)


@pytest.fixture(scope="module")
def tokenizer() -> BertTokenizer:
    return learn_tokenizer([" ".join(WORDS)], 200, 48)


def stored(
    tokenizer: BertTokenizer, documents: list[list[str]], folder: Path
) -> tuple[TokenStore, TokenStore]:
    count = sum(len(document) > 1 for document in documents)
    return store_tokens(documents, count, tokenizer, ROOM // 2, folder, random.Random(0))


def stories(number: int, longest: int) -> list[list[str]]:
    """Documents of 1 to 30 sentences."""
    draw = random.Random(5)
    return [
        [" ".join(draw.choices(WORDS, k=draw.randint(1, longest))) for _ in range(size)]
        for size in (draw.randint(1, 30) for _ in range(number))
    ]


def test_tokens_on_disk_are_those_of_the_documents(
    tokenizer: BertTokenizer, tmp_path: Path
) -> None:
    documents = [[f"{a} {b}", f"{b} {a}"] for a in WORDS for b in WORDS]
    train, held_out = stored(tokenizer, documents, tmp_path)
    assert len(held_out) == len(documents) // 20 and len(train) + len(held_out) == len(documents)
    found = set()
    for store in (train, held_out):
        for first, last in pairwise(store.documents):
            cut = store.sentences[first : last + 1]
            sentences = [
                tokenizer.decode(store.tokens[begin:end].tolist()) for begin, end in pairwise(cut)
            ]
            found.add(tuple(sentences))
    assert found == {tuple(document) for document in documents}


def packed(store: TokenStore, folder: Path) -> Pairs:
    return pack(store, ROOM, folder / "pairs", random.Random(2))


def test_pairs_hold_all_text_in_order_and_are_filled_up(
    tokenizer: BertTokenizer, tmp_path: Path
) -> None:
    store, _ = stored(tokenizer, stories(200, longest=30), tmp_path)
    pairs = packed(store, tmp_path)
    seen = []
    for (a, b, c, d), not_next in zip(pairs.spans.tolist(), pairs.not_next.tolist(), strict=True):
        seen.append((a, b))
        assert (c == b) == (not_next != 1)
        if not_next == 0:
            seen.append((c, d))
    assert seen[0][0] == 0 and seen[-1][1] == len(store.tokens)
    assert all(end == begin for (_, end), (begin, _) in pairwise(seen))
    assert pairs.lengths.max() <= ROOM + 3
    followed = pairs.lengths[pairs.not_next == 0]
    assert np.median(followed) > 0.6 * ROOM  # one sentence has 12 tokens


def test_half_of_the_second_segments_are_from_elsewhere(
    tokenizer: BertTokenizer, tmp_path: Path
) -> None:
    store, _ = stored(tokenizer, stories(400, longest=8), tmp_path)
    pairs = packed(store, tmp_path)
    asked = pairs.not_next[pairs.not_next != NO_QUESTION]
    assert abs(asked.mean() - 0.5) < 0.05
    ends = store.sentences[store.documents[1:]]
    of_first = np.searchsorted(ends, pairs.spans[:, 0], side="right")
    of_second = np.searchsorted(ends, pairs.spans[:, 2], side="right")
    assert ((of_first != of_second) == (pairs.not_next == 1))[pairs.not_next != NO_QUESTION].all()


def test_the_length_of_a_segment_from_elsewhere_gives_nothing_away(
    tokenizer: BertTokenizer, tmp_path: Path
) -> None:
    store, _ = stored(tokenizer, stories(400, longest=8), tmp_path)
    pairs = packed(store, tmp_path)
    sizes = pairs.spans[:, 3] - pairs.spans[:, 2]
    elsewhere, following = sizes[pairs.not_next == 1], sizes[pairs.not_next == 0]
    assert elsewhere.mean() > 0.7 * following.mean()
