"""What has to stand in a translation is found in its source, and told where it is lacking."""

from __future__ import annotations

import pytest

from edgebert.text.kept import between, kept_in, lacking
from edgebert.text.sentences import Span


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Hello {name}, {0} of {{all}} and ${x}!", ["{name}", "{0}", "{{all}}", "${x}"]),
        ("%s has %d of %(x)d, %1$s, %.2f and 100%% (5% sure)", None),
        ("a <b>bold</b> <br/> <0>x</0> &amp; &#39; 1 < 2", None),
        ("see https://a.b/c?d=e_f#g, (www.x.org/y) or me+you@mail.example.com.", None),
        ("I ❤️ it 👨‍👩‍👧 😀👍🏽!", ["❤️", "👨‍👩‍👧", "😀👍🏽"]),
        ("run `rm -rf {x}` now", ["`rm -rf {x}`"]),
        ("an MP3 of 1,234.5 and 3 B2B in 10:30", ["MP3", "1,234.5", "3", "B2B", "10:30"]),
        ("我有3个和１２个", ["3", "１２"]),
        ("nothing here", []),
    ],
)
def test_what_is_no_language_is_found(text: str, kept: list[str] | None) -> None:
    wanted = {
        1: ["%s", "%d", "%(x)d", "%1$s", "%.2f", "100", "%%", "5"],
        2: ["<b>", "</b>", "<br/>", "<0>", "</0>", "&amp;", "&#39;", "1", "2"],
        3: ["https://a.b/c?d=e_f#g", "www.x.org/y", "me+you@mail.example.com"],
    }
    if kept is None:
        kept = wanted[{"%": 1, "a": 2, "s": 3}[text[0]]]
    found = kept_in(text)
    assert [one.text for one in found] == kept
    assert all(text[one.span.start : one.span.end] == one.text for one in found)


def test_what_the_tokenizer_does_not_know_becomes_one_with_what_it_touches() -> None:
    text = "see https://a.b/ᚠᚢ now ᚠ"
    found = kept_in(text, [Span(16, 18), Span(23, 24)])
    assert [(one.text, one.unread) for one in found] == [("https://a.b/ᚠᚢ", True), ("ᚠ", True)]


@pytest.mark.parametrize(
    ("source", "translation", "missing"),
    [
        ("{a} and {b}", "{b} und {a}", []),
        ("{a} and {a}", "{a} und", ["{a}"]),
        ("1,234.5 dogs", "1.234,5 Hunde", []),
        ("2 dogs and 2 cats", "zwei Hunde und 2 Katzen", ["2"]),
        ("３ dogs", "3 Hunde", []),
        ("12 dogs", "1 2 Hunde", ["12"]),
        ("<B>x", "<b>x", ["<B>"]),
    ],
)
def test_what_a_translation_lacks_is_told(
    source: str, translation: str, missing: list[str]
) -> None:
    assert [one.text for one in lacking(kept_in(source), translation)] == missing


def test_pieces_around_give_back_the_text() -> None:
    text = "  Hi, {name}: you have 3 mails 😀!  "
    kept = kept_in(text)
    pieces = between(text, kept)
    told = [text[one.start : one.end] if isinstance(one, Span) else one for one in pieces]
    assert "".join(told) == text
    asked = [text[one.start : one.end] for one in pieces if isinstance(one, Span)]
    assert asked == ["Hi,", "you have", "mails"]


def test_marks_that_open_what_stays_are_not_translated() -> None:
    text = 'the "lamp" ("93") and “{x}” on'
    pieces = between(text, kept_in(text))
    asked = [text[one.start : one.end] for one in pieces if isinstance(one, Span)]
    assert asked == ['the "lamp"', "and", "on"]
