"""The demo's data: splits that share nothing, and order that decides."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from edgebert.data import read_examples
from edgebert.demo.baseline import bag_of_words_accuracy
from edgebert.demo.chinese import CHINESE
from edgebert.demo.dataset import DemoData, write_data
from edgebert.demo.english import ENGLISH
from edgebert.demo.grammar import write_sentence
from edgebert.demo.language import SPLITS, Family, Language, Split
from edgebert.demo.stories import write_story

LANGUAGES = (ENGLISH, CHINESE)
WORD = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+(?:'\w+)?")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DemoData:
    return write_data(tmp_path_factory.mktemp("demo"), seed=3)


def words_of(path: Path) -> set[str]:
    return set(WORD.findall(path.read_text(encoding="utf-8").lower()))


def share_nothing(split: Split) -> bool:
    return len(set(split.all())) == len(split.all())


def test_no_split_shares_a_template_or_a_filler_with_another() -> None:
    for language in LANGUAGES:
        assert all(share_nothing(split) for split in language.slots.values())
        assert all(share_nothing(family.templates) for family in language.families)


def test_no_split_shares_a_sentence_with_another(data: DemoData) -> None:
    texts = [set(read_examples(data.intents.of(split)).single_texts()) for split in SPLITS]
    assert not texts[0] & texts[1] and not texts[0] & texts[2] and not texts[1] & texts[2]


def test_a_test_sentence_names_nothing_that_a_training_sentence_names(data: DemoData) -> None:
    train, test = (read_examples(data.slots.of(split)) for split in ("train", "test"))
    named = [
        {
            str(text)[span.start : span.end]
            for text, spans in zip(examples.texts, examples.require_entities(), strict=True)
            for span in spans
        }
        for examples in (train, test)
    ]
    assert named[1] and not named[0] & named[1]


def test_the_corpus_knows_every_word_but_no_labelled_sentence(data: DemoData) -> None:
    labelled = [data.intents.of(split) for split in SPLITS]
    known = words_of(data.corpus)
    for path in labelled:
        assert words_of(path) - {"text", "label"} - labels() <= known
    corpus = set(data.corpus.read_text(encoding="utf-8").lower().splitlines())
    for path in labelled:
        texts = read_examples(path).single_texts()
        assert not {text.lower() + mark for text in texts for mark in (".", "。", "")} & corpus


def labels() -> set[str]:
    return {intent for family in ENGLISH.families for intent in family.intents}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_opposite_intents_are_told_by_the_same_words(language: Language) -> None:
    """For half of the sentences or more, the bag of words says nothing about which it is."""
    for family in (family for family in language.families if family.opposites):
        both = [line for line in family.templates.test if "{x}" in line and "{y}" in line]
        assert len(both) * 2 >= len(family.templates.test)
        for line in both:
            one, other = (read(family, line, intent) for intent in family.intents)
            assert one != other and sorted(one) == sorted(other)


def read(family: Family, line: str, intent: str) -> tuple[str, ...]:
    template = family.template(line, intent)
    fillers = {"person": "Karl", "device": "D", "opening": "O", "room": "R", "time": "T"}
    return write_sentence(template, {**fillers, "music": "M", "number": "N"}, intent).tokens


def test_tags_mark_the_words_of_a_slot() -> None:
    sentence = write_sentence(
        "don't turn on the {device} in the {room}",
        {"device": "desk lamp", "room": "hall"},
        "turn_off",
    )
    assert sentence.text == "don't turn on the desk lamp in the hall"
    assert dict(zip(sentence.tokens, sentence.tags, strict=True)) == {
        "don't": "O", "turn": "O", "on": "O", "the": "O", "desk": "B-device", "lamp": "I-device",
        "in": "O", "hall": "B-room",
    }  # fmt: skip


def test_chinese_is_tagged_by_character() -> None:
    sentence = write_sentence("打开{opening}", {"opening": "天窗"}, "open")
    assert sentence.tokens == ("打", "开", "天", "窗")
    assert sentence.tags == ("O", "O", "B-device", "I-device")


def test_a_story_keeps_its_words() -> None:
    story = write_story(ENGLISH, random.Random(5))
    devices = {d for d in ENGLISH.slots["device"].all() if any(d in line for line in story)}
    assert len(story) >= 4 and len([d for d in devices if f" {d}" in " ".join(story)]) <= 2


def test_about_a_quarter_is_chinese(data: DemoData) -> None:
    texts = read_examples(data.intents.test).single_texts()
    chinese = sum(bool(re.search(r"[\u4e00-\u9fff]", text)) for text in texts)
    assert 0.2 < chinese / len(texts) < 0.3


def test_pairs_are_scored_from_unrelated_to_the_same(data: DemoData) -> None:
    pairs, scores = read_examples(data.pairs.test).require_scored_pairs()
    assert set(scores) == {0.0, 2.0, 3.0, 5.0}
    assert all(first != second for first, second in pairs)


def test_the_same_seed_writes_the_same_bytes(data: DemoData, tmp_path: Path) -> None:
    again, other = write_data(tmp_path / "again", seed=3), write_data(tmp_path / "other", seed=4)
    assert again.corpus.read_bytes() == data.corpus.read_bytes()
    assert again.pairs.test.read_bytes() == data.pairs.test.read_bytes()
    assert other.intents.train.read_bytes() != data.intents.train.read_bytes()


def test_a_bag_of_words_is_far_above_chance_and_far_from_right(data: DemoData) -> None:
    train, test = (read_examples(data.intents.of(split)) for split in ("train", "test"))
    assert 50 < bag_of_words_accuracy(train, test) < 80
