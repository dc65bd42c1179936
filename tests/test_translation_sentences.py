"""Sentences are found by rules, and no character of a text is lost between them."""

from __future__ import annotations

import random

import pytest

from edgebert.text.joining import joined
from edgebert.text.sentences import Span, parts, sentences


@pytest.mark.parametrize(
    "text",
    [
        # English
        "Hello there.|How are you?|I am fine!",
        "Mr. Smith met Dr. J. R. Jones in St. Louis.|They left.",
        "It costs 3.14 dollars.|Cheap!",
        "Well... I think so.|And then...|Nothing.",
        'He said "Stop!" and left.|"Go!"|She went.',
        "See p. 5 and No. 7, vol. 2.|In the U.S.|The law is old.",
        "The U.S. Army came at 5 p.m. on Monday.",
        "J.R.R. Tolkien wrote it.|John F. Kennedy did not.",
        "I have 3.|She has 4.",
        "Really?!|Yes (of course).|(It is so.)|Next",
        "See www.example.com/a.html?x=1 or mail a.b@c.de.|Thanks",
        "e.g. this one, i.e. that one, etc. and more.|Done.",
        "They sell apples, pears, etc.|The shop is small.",
        "1. First of all, read.",
        # German
        "Am 3. Oktober 2010 war z.B. Herr Dr. Meier da.|Der 2. Weltkrieg endete 1945.|Er ging.",
        "Er kam im 19. Jahrhundert, d.h. spät.|»Hallo!«|Dann ging er.|„Ja.“|Nein.",
        "Er kaufte Brot, Milch usw.|Dann ging er.",
        # French
        "« Bonjour ! » dit-il.|Quoi ?|Oui !",
        "M. Dupont et Mme. Martin sont là.|Où est-ce ?",
        # Spanish
        "¿Qué tal?|¡Hola!|El Sr. García vive aquí.|Ud. no.",
        # Chinese and Japanese
        "你好。|我是学生！|你呢？|“好的。”他说。|「はい。」と言った。|今日は。",
        "他花了3.5元。|真便宜……我不信。",
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str) -> None:
    wanted = text.split("|")
    glue = "" if "。" in text else " "
    whole = glue.join(wanted)
    assert [whole[span.start : span.end] for span in sentences(whole)] == wanted


def test_a_line_ends_a_sentence_and_blank_lines_are_none() -> None:
    text = "\n A title\n\n  One. Two\r\n\tThree\u2028four  "
    found = [text[span.start : span.end] for span in sentences(text)]
    assert found == ["A title", "One.", "Two", "Three", "four"]
    assert sentences("") == sentences(" \n\t ") == []


def test_nothing_but_white_space_stands_between_sentences() -> None:
    rng = random.Random(7)
    alphabet = "aB. .!?…\n \t3é«»\"'“”（）。！中文，😀-,;:\u00a0ⅳ²"
    for _ in range(2000):
        text = "".join(rng.choices(alphabet, k=rng.randrange(40)))
        end = 0
        for span in sentences(text):
            assert not text[end : span.start].strip()
            assert text[span.start : span.end] == text[span.start : span.end].strip() != ""
            end = span.end
        assert not text[end:].strip()


@pytest.mark.parametrize(
    "text",
    [
        "." * 100_000 + "x y",
        "a" * 100_000 + " b. c",
        '"' * 100_000,
        "der 2. " * 20_000,
        ". »" * 50_000,
    ],
)
def test_no_text_takes_longer_than_its_length(text: str) -> None:
    assert sentences(text)  # what looks at a mark again for each mark takes minutes


def fitting(text: str, most: int):  # type: ignore[no-untyped-def]
    return lambda span: min(span.end, span.start + most)


def test_a_long_sentence_is_parted_at_the_best_mark_that_fits() -> None:
    text = "one two three, four five; six seven eight nine ten eleven twelve"
    found = parts(text, Span(0, len(text)), fitting(text, 32))
    assert [text[span.start : span.end] for span in found] == [
        "one two three, four five;",
        "six seven eight nine ten eleven",
        "twelve",
    ]


def test_a_long_chinese_sentence_is_parted_at_a_comma_and_else_where_it_fits() -> None:
    text = "我今天去了北京，明天去上海然后回家再去工作再去学习"
    found = parts(text, Span(0, len(text)), fitting(text, 10))
    assert [text[span.start : span.end] for span in found] == [
        "我今天去了北京，",
        "明天去上海然后回家再",
        "去工作再去学习",
    ]


def test_parts_of_any_text_fit_and_lose_nothing() -> None:
    rng = random.Random(3)
    for _ in range(500):
        text = "".join(rng.choices("ab ,.;中。\u3000", k=60)).strip()
        most = rng.randrange(1, 20)
        found = parts(text, Span(0, len(text)), fitting(text, most))
        assert all(0 < span.end - span.start <= most for span in found)
        kept = "".join(text[span.start : span.end] for span in found)
        assert "".join(kept.split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "translated", "told"),
    [
        ("Aa.  Bb.\n\nCc.", ["X.", "Y.", "Z."], "X.  Y.\n\nZ."),
        ("Aa. Bb.", ["甲。", "乙。"], "甲。乙。"),
        ("Aa.  Bb.\nCc.", ["甲。", "乙。", "丙。"], "甲。  乙。\n丙。"),
        ("甲。乙！", ["X.", "Y!"], "X. Y!"),
        ("甲。 乙！", ["X.", "Y!"], "X. Y!"),
        ("甲。乙！", ["丙。", "丁！"], "丙。丁！"),
        (" Aa. Bb. ", ["", "Y."], "  Y. "),
        ("", [], ""),
        (" \n", [], " \n"),
    ],
)
def test_white_space_of_the_source_stands_in_the_translation(
    text: str, translated: list[str], told: str
) -> None:
    assert joined(text, sentences(text), translated) == told
