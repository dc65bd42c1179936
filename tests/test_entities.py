"""Entities of every tokenizer and every way to name labels: the right words, and no blank more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
import transformers
from click.testing import CliRunner
from lookup import byte_level, found, sentencepiece

from edgebert.cli import main
from edgebert.data import Span
from edgebert.errors import InputError
from edgebert.runtimes import Entity, load
from edgebert.tasks.entities import AGGREGATIONS, FIRST, SIMPLE, WORDS, decode_entities
from edgebert.tasks.tags import TagScheme
from edgebert.text.words import TokenizedText
from edgebert.training.tasks.labels.tagging import tag_tokens

BIO = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
TEXT = "anna met john in new york ."
NAMES = {"anna": "B-PER", "john": "B-PER", "new": "B-LOC", "york": "I-LOC"}

Spans = list[tuple[str, str]]


def pieces(names: dict[str, str], blank: str) -> dict[str, str]:
    return names | {f"{blank}{name}": label for name, label in names.items()}


def spans(entities: Sequence[Entity]) -> Spans:
    return [(entity.text, entity.label) for entity in entities]


def places(entities: Sequence[Entity]) -> list[tuple[int, int, str]]:
    return [(entity.start, entity.end, entity.label) for entity in entities]


TOKENIZERS = {
    "deberta": (sentencepiece("deberta"), "▁"),
    "xlm-r": (sentencepiece(), "▁"),
    "unsplit": (sentencepiece("unsplit"), "▁"),
    "byte-level": (byte_level(), "Ġ"),
}


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("aggregation", [WORDS, SIMPLE])
def test_no_entity_begins_with_the_blank_before_it(kind: str, aggregation: str) -> None:
    tokenizer, blank = TOKENIZERS[kind]
    entities = found(TEXT, tokenizer, pieces(NAMES, blank), BIO, aggregation)
    assert places(entities) == [(0, 4, "PER"), (9, 13, "PER"), (17, 25, "LOC")]


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_blanks_belong_to_no_entity_wherever_they_stand(kind: str) -> None:
    tokenizer, blank = TOKENIZERS[kind]
    labels = pieces(NAMES, blank) | {blank: "B-LOC"}
    entities = found("  anna   met   john  ", tokenizer, labels, BIO)
    assert spans(entities) == [("anna", "PER"), ("john", "PER")]
    assert found("   ", tokenizer, labels, BIO) == []
    assert found("", tokenizer, labels, BIO) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天北京天气怎么样？", [("北京", "LOC")]),
        ("我住在上海市", [("上海市", "LOC")]),
        ("北京天气怎么样？", [("北京", "LOC")]),
        ("我住在北京。今天 上海市", [("北京", "LOC"), ("上海市", "LOC")]),
        ("東京にトヨタは", [("東京", "LOC"), ("トヨタ", "ORG")]),
        ("ฉันอยู่กรุงเทพค่ะ", [("กรุงเทพ", "LOC")]),
        ("我住在paris", []),  # a piece that is none of the model's names
        (
            "anna lives in paris, and ben (mary) in london.",
            [("anna", "PER"), ("paris", "LOC"), ("ben", "PER"), ("london", "LOC")],
        ),
    ],
)
@pytest.mark.parametrize("kind", ["xlm-r", "deberta", "unsplit"])
def test_a_word_ends_at_punctuation_and_with_each_piece_of_an_unspaced_script(
    kind: str, text: str, expected: Spans
) -> None:
    people, towns = ("anna", "ben"), ("paris", "london", "北京", "上海", "東京", "กรุงเทพ")
    labels = dict.fromkeys(people, "B-PER") | dict.fromkeys(towns, "B-LOC")
    labels = pieces(labels, "▁") | {"市": "I-LOC", "トヨタ": "B-ORG"}
    tokenizer, names = TOKENIZERS[kind][0], (*BIO, "B-ORG", "I-ORG")
    assert spans(found(text, tokenizer, labels, names)) == expected
    assert spans(found(text, tokenizer, labels, names, SIMPLE)) == expected


def test_later_pieces_of_a_word_do_not_decide() -> None:
    tokenizer, _ = TOKENIZERS["xlm-r"]
    labels = {"▁paris": "B-LOC", "k": "B-PER", "€": "B-PER"}
    assert spans(found("parisk lamp", tokenizer, labels, BIO)) == [("parisk", "LOC")]
    assert spans(found("parisk lamp", tokenizer, labels, BIO, SIMPLE)) == [
        ("paris", "LOC"),
        ("k", "PER"),
    ]


def test_the_bytes_of_one_character_are_one_word() -> None:
    tokenizer, _ = TOKENIZERS["byte-level"]
    first, *_ = tokenizer.encode("北").tokens[1:]
    assert places(found("北京", tokenizer, {first: "B-LOC"}, BIO)) == [(0, 1, "LOC")]


def test_wordpiece_words_are_those_of_its_own_pre_tokenizer(tiny_tagger: Path) -> None:
    tokenizer = tokenizers.Tokenizer.from_file(str(tiny_tagger / "tokenizer.json"))
    text = "Anna's café, naïve-1.5 (ben) 北京灯 ['paris'] don't unknownword"
    logits = np.random.default_rng(0).normal(size=(len(tokenizer.encode(text)), 5))
    tokenized = TokenizedText.of(text, tokenizer.encode(text))
    assert decode_entities(tokenized, logits.astype(np.float32), BIO, WORDS) == decode_entities(
        tokenized, logits.astype(np.float32), BIO, FIRST
    )


@pytest.mark.parametrize("aggregation", [name for name in AGGREGATIONS if name != WORDS])
@pytest.mark.filterwarnings("ignore:Tokenizer does not support real words")
def test_aggregations_are_those_of_transformers(
    tiny_tagger: Path, tiny_tagger_bundle: Path, aggregation: str
) -> None:
    texts = [
        "Anna was in Paris and Ben in Berlin",
        "please tell ben of the naive kitchens, that's it",
    ]
    ask: Any = transformers.pipeline(
        "token-classification", str(tiny_tagger), aggregation_strategy=aggregation, device="cpu"
    )
    model = load(tiny_tagger_bundle)
    for text, entities in zip(texts, model.tag(texts, aggregation=aggregation), strict=True):
        expected = [(e["start"], e["end"], e["entity_group"]) for e in ask(text)]
        assert places(entities) == expected
        assert [e.score for e in entities] == pytest.approx(
            [float(e["score"]) for e in ask(text)], abs=1e-4
        )


def decoded(tags: str, labels: Sequence[str]) -> list[str]:
    """Entities of words a b c ... that have these tags, as "abc:PER"."""
    names = tags.split()
    text = " ".join("abcdefghij"[: len(names)])
    logits = np.full((len(names), len(labels)), -9.0, np.float32)
    logits[np.arange(len(names)), [list(labels).index(name) for name in names]] = 9
    places = [(2 * i, 2 * i + 1) for i in range(len(names))]
    entities = decode_entities(TokenizedText(text, places, range(len(names))), logits, labels)
    return [f"{e.text.replace(' ', '')}:{e.label}" for e in entities]


BIOES = ("O", *(f"{p}-{kind}" for kind in ("PER", "LOC") for p in "BIES"))
BILOU = ("O", *(f"{p}-{kind}" for kind in ("PER", "LOC") for p in "BILU"))


@pytest.mark.parametrize(
    ("labels", "tags", "expected"),
    [
        (BIOES, "S-PER S-PER O B-PER E-PER B-PER E-PER", ["a:PER", "b:PER", "de:PER", "fg:PER"]),
        (BIOES, "S-LOC I-LOC E-LOC E-LOC O I-PER", ["a:LOC", "bc:LOC", "d:LOC", "f:PER"]),
        (BIOES, "B-PER I-LOC E-PER S-PER B-PER", ["a:PER", "b:LOC", "c:PER", "d:PER", "e:PER"]),
        (BILOU, "U-PER U-PER O B-PER L-PER B-LOC I-LOC L-LOC U-LOC", 
         ["a:PER", "b:PER", "de:PER", "fgh:LOC", "i:LOC"]),
        (BIO, "B-PER I-LOC I-LOC I-PER O I-LOC", ["a:PER", "bc:LOC", "d:PER", "f:LOC"]),
        # IOB1: B stands between neighbours only
        (("O", "I-LOC", "I-PER", "B-LOC"), "I-LOC I-LOC B-LOC I-PER", ["ab:LOC", "c:LOC", "d:PER"]),
        (("O", "I-LOC", "I-PER"), "I-LOC I-LOC I-PER O I-PER", ["ab:LOC", "c:PER", "e:PER"]),
        (("O", "I-LOC", "E-LOC"), "I-LOC E-LOC I-LOC I-LOC E-LOC E-LOC", ["ab:LOC", "cde:LOC", "f:LOC"]),
        (("O", "B-N", "M-N", "E-N", "S-N"), "B-N M-N E-N S-N", ["abc:N", "d:N"]),
        (("O", "B_PER", "I_PER"), "B_PER I_PER B_PER", ["ab:PER", "c:PER"]),
        (("O", "PER-B", "PER-I", "DAT-B", "DAT-I"), "PER-B PER-I DAT-B PER-B", ["ab:PER", "c:DAT", "d:PER"]),
        (("o", "b-per", "i-per"), "b-per i-per o b-per", ["ab:per", "d:per"]),
        (("0", "B-PER", "I-PER"), "B-PER 0 I-PER", ["a:PER", "c:PER"]),
        (("O", "B", "I"), "B I O B B", ["ab:_", "d:_", "e:_"]),
        (("O", "B-DATE-TIME", "I-DATE-TIME"), "B-DATE-TIME I-DATE-TIME", ["ab:DATE-TIME"]),
        (("[PAD]", "O", "B-PER", "I-PER", "X", "[CLS]"), "[CLS] B-PER X I-PER [PAD]", ["b:PER", "d:PER"]),
    ],
)  # fmt: skip
def test_entities_are_joined_by_the_scheme_of_the_labels(
    labels: Sequence[str], tags: str, expected: list[str]
) -> None:
    assert decoded(tags, labels) == expected


@pytest.mark.parametrize(
    ("labels", "tags", "expected"),
    [
        (
            ("O", "DATE-TIME", "ID-NUM", "-", "NON-PERSON"),
            "DATE-TIME DATE-TIME ID-NUM O - NON-PERSON",
            ["ab:DATE-TIME", "c:ID-NUM", "e:-", "f:NON-PERSON"],
        ),
        (("O", "E-MAIL", "PHONE"), "E-MAIL PHONE O", ["a:E-MAIL", "b:PHONE"]),
        (("O", "E-MAIL"), "E-MAIL E-MAIL O", ["ab:E-MAIL"]),
        (("O", "VITAMIN-B", "VITAMIN-E"), "VITAMIN-B VITAMIN-E", ["a:VITAMIN-B", "b:VITAMIN-E"]),
        (("0", ".", ",", "?", "-", ":"), "0 . , - 0 :", ["b:.", "c:,", "d:-", "f::"]),
        (("NOUN", "X", "VERB"), "NOUN X VERB VERB", ["a:NOUN", "b:X", "cd:VERB"]),
        (("0", "1"), "0 1 1", ["a:0", "bc:1"]),
        (("O", "B-PER", "I-PER", "MISC"), "MISC MISC B-PER I-PER", ["ab:MISC", "cd:PER"]),
        (("O", "B-PER", "I-PER", "E-MAIL"), "E-MAIL B-PER I-PER", ["a:E-MAIL", "bc:PER"]),
    ],
)
def test_labels_that_are_names_keep_them(
    labels: Sequence[str], tags: str, expected: list[str]
) -> None:
    assert decoded(tags, labels) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (BIO, ["B-PER", "I-PER", "I-PER", "O", "B-LOC", "B-LOC"]),
        (BIOES, ["B-PER", "I-PER", "E-PER", "O", "S-LOC", "S-LOC"]),
        (BILOU, ["B-PER", "I-PER", "L-PER", "O", "U-LOC", "U-LOC"]),
        (("O", "I-PER", "I-LOC"), ["I-PER", "I-PER", "I-PER", "O", "I-LOC", "I-LOC"]),
        (("PER", "LOC"), ["PER", "PER", "PER", None, "LOC", "LOC"]),
    ],
)
def test_a_model_is_taught_in_its_own_labels(
    labels: Sequence[str], expected: list[str | None]
) -> None:
    words = [(2 * i, 2 * i + 1) for i in range(6)]
    entities = [Span(0, 5, "PER"), Span(8, 9, "LOC"), Span(10, 11, "LOC")]
    text = TokenizedText("a b c d e f", words, range(6))
    assert tag_tokens(text, entities, TagScheme.of(labels)) == expected


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_what_is_taught_is_what_is_found(kind: str) -> None:
    """The labels of training, were they learned, give back the entities they were made of."""
    tokenizer, _ = TOKENIZERS[kind]
    text = "anna  met john, in new york. 我住在上海市 (ben)"
    names = [
        ("anna", "PER"),
        ("john", "PER"),
        ("new york", "LOC"),
        ("上海市", "LOC"),
        ("ben", "PER"),
    ]
    entities = [Span(text.index(n), text.index(n) + len(n), label) for n, label in names]
    tokenized = TokenizedText.of(text, tokenizer.encode(text))
    tags = tag_tokens(tokenized, entities, TagScheme.of(BIO))
    logits = np.zeros((len(tags), len(BIO)), np.float32)
    for token, tag in enumerate(tags):
        logits[token, BIO.index(tag or "B-PER")] = 9  # what has no target is never asked
    decoded = decode_entities(tokenized, logits, BIO)
    assert places(decoded) == [(span.start, span.end, span.label) for span in entities]


def test_the_bundle_says_how_words_are_labelled(tiny_tagger_bundle: Path, tmp_path: Path) -> None:
    assert load(tiny_tagger_bundle).aggregation == WORDS
    older = tmp_path / "older"
    shutil.copytree(tiny_tagger_bundle, older)
    manifest = json.loads((older / "manifest.json").read_text())
    del manifest["aggregation"]
    (older / "manifest.json").write_text(json.dumps(manifest))
    assert load(older).aggregation == FIRST  # as bundles were read before they said it
    with pytest.raises(InputError, match="aggregation='none': expected one of words, simple"):
        load(older).tag("anna", aggregation="none")


def test_the_command_line_takes_an_aggregation(tiny_tagger_bundle: Path, tmp_path: Path) -> None:
    text = "please tell ben of the naive kitchens, that's it"
    model = load(tiny_tagger_bundle)
    for name in AGGREGATIONS:
        result = CliRunner().invoke(
            main, ["tag", str(tiny_tagger_bundle), text, "--aggregation", name]
        )
        found = [asdict(entity) for entity in model.tag(text, aggregation=name)]
        assert json.loads(result.stdout)["entities"] == found
    wrong = CliRunner().invoke(main, ["tag", str(tiny_tagger_bundle), text, "--aggregation", "all"])
    assert wrong.exit_code == 2
    (tmp_path / "texts.txt").write_text(f"{text}\n")
    files = ["--input", str(tmp_path / "texts.txt"), "--output", str(tmp_path / "o.jsonl")]
    words = ["tag", str(tiny_tagger_bundle), *files, "--aggregation"]
    assert CliRunner().invoke(main, [*words, SIMPLE]).exit_code == 0
    saved = json.loads((tmp_path / "o.jsonl").read_text())["entities"]
    assert saved == [asdict(entity) for entity in model.tag(text, aggregation=SIMPLE)]
