"""Tagged tokens as data sets write them: the words and the entities are right, or it is told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from edgebert.data import read_examples, stream_texts
from edgebert.errors import InputError

Found = list[tuple[str, list[tuple[str, str]]]]


def read(path: Path) -> Found:
    """Each text with its entities as (characters, label)."""
    examples = read_examples(path)
    assert tuple(stream_texts(path)) == examples.texts
    return [
        (str(text), [(str(text)[span.start : span.end], span.label) for span in spans])
        for text, spans in zip(examples.texts, examples.require_entities(), strict=True)
    ]


def write(path: Path, content: str) -> Path:
    path.write_bytes(content.encode())
    return path


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_examples(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(str(path))


PARIS: Found = [("Anna lebt in Paris", [("Anna", "PER"), ("Paris", "LOC")])]
GERMEVAL = "1\tAnna\tB-PER\tO\n2\tlebt\tO\tO\n3\tin\tO\tO\n4\tParis\tB-LOC\tO\n"

UNIVERSAL = """\
# newdoc
# sent_id = 1
# text = Anna lebt im O
1\tAnna\t_\tB-PER
2\tlebt\t_\tO
3-4\tim\t_\t_
3\tin\t_\tO
4\tParis\t_\tB-LOC
4.1\tx\t_\t_
"""


@pytest.mark.parametrize(
    "content",
    [
        "Anna B-PER\nlebt O\nin O\nParis B-LOC\n",
        "Anna B-PER\r\nlebt O\r\nin O\r\nParis B-LOC",
        "\ufeffAnna\tB-PER\nlebt\tO\nin\tO\nParis\tB-LOC",
        "Anna\tB-PER\t\nlebt\tO\t\nin\tO\nParis\tB-LOC \n \n\t\n",
        "  Anna   B-PER\nlebt   O\nin     O \nParis  B-LOC\n",
        "-DOCSTART- -X- O O\n\nAnna NN I-NP I-PER\nlebt VB I-VP O\nin IN I-PP O\nParis NN I-NP I-LOC\n",
        "-DOCSTART- O\nAnna NN O B-PER\nlebt VB O O\nin IN O O\nParis NN O B-LOC\n",
        "Anna NE I-NC S-PER\nlebt VV I-VC O\nin PR I-PC O\nParis NE I-NC S-LOC\n",
        "Anna U-PER\nlebt O\nin O\nParis U-LOC\n",
        GERMEVAL,
        "#\thttp://example.org/1 [2009-10-17]\n" + GERMEVAL,
        GERMEVAL.replace("\t", " "),
        "0 Anna B-PER\n1 lebt O\n2 in O\n3 Paris B-LOC\n",
        "1 Anna NN B-NP B-PER\n2 lebt VB B-VP O\n3 in IN B-PP O\n4 Paris NN B-NP B-LOC\n",
        "1\tAnna\tB-NP\tB-PER\n2\tlebt\tB-VP\tO\n3\tin\tB-PP\tO\n4\tParis\tB-NP\tB-LOC\n",
        UNIVERSAL,
        "# id O\nAnna B-PER\nlebt O\nin O\nParis B-LOC\n",
        "#sentence\n## 12 x\nAnna B-PER\nlebt O\nin O\nParis B-LOC\n\n# the end\n",
        "# O B-PER I-PER\nAnna\tB-PER\nlebt\tO\nin\tO\nParis\tB-LOC\n",
    ],
)  # fmt: skip
def test_every_layout_gives_the_words_and_their_entities(tmp_path: Path, content: str) -> None:
    assert read(write(tmp_path / "a.conll", content)) == PARIS


@pytest.mark.parametrize("name", ["a.conllu", "a.bio", "a.bioes", "a.iob", "a.iob2", "A.BIO"])
def test_other_endings_of_such_files_are_read(tmp_path: Path, name: str) -> None:
    assert read(write(tmp_path / name, GERMEVAL)) == PARIS
    zipped = tmp_path / f"{name}.gz"
    zipped.write_bytes(gzip.compress(GERMEVAL.encode()))
    assert read(zipped) == PARIS


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("New York\tB-LOC\nis\tO\n", ("New York is", [("New York", "LOC")])),
        ("Anna\tB-Given Name\nB.\tI-Given Name\n", ("Anna B.", [("Anna B.", "Given Name")])),
        ("10\u00a0000\tB-NUM\neuro\tO\n", ("10\u00a0000 euro", [("10\u00a0000", "NUM")])),
        ("東\u3000京 B-LOC\n大学 O\n", ("東\u3000京大学", [("東\u3000京", "LOC")])),
        ("a\u2028b B-X\n\u0085 O\n", ("a\u2028b \u0085", [("a\u2028b", "X")])),
        ("anna\tB-PER\n\u00a0\tO\n", ("anna \u00a0", [("anna", "PER")])),
        ("anna\tB-PER\n\u200b\tO\nb\tO\n", ("anna \u200b b", [("anna", "PER")])),
        ("\u00a0anna\tB-PER\nb\tO\n", ("\u00a0anna b", [("anna", "PER")])),
        ("a\tB-PER\n\u00a0\tI-PER\nb\tO\n", ("a \u00a0 b", [("a", "PER")])),
    ],
)
def test_spaces_that_separate_no_columns_belong_to_their_token(
    tmp_path: Path, content: str, expected: tuple[str, list[tuple[str, str]]]
) -> None:
    assert read(write(tmp_path / "a.conll", content)) == [expected]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("# O\n1 O\nhit B-X\n", "# 1 hit"),
        ("#\tO\n1\tO\nhit\tB-X\n", "# 1 hit"),
        ("#BTS B-X\nsing O\n", "#BTS sing"),
        ("# a comment\n#BTS B-X\n#BTS O\n# O\n", "#BTS #BTS #"),
        ("# # B-NP O\n1 CD I-NP B-X\n", "# 1"),
    ],
)
def test_a_hash_is_a_token_where_it_has_a_tag(tmp_path: Path, content: str, text: str) -> None:
    assert [found[0] for found in read(write(tmp_path / "a.conll", content))] == [text]


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("나는 서울에서 안나를 만났다", "나는 서울에서 안나를 만났다"),
        ("去 北京 。", "去北京。"),
        ("東京 へ 行く", "東京へ行く"),
        ("ｶﾅ ー Ａ", "ｶﾅーＡ"),
        ("ฉัน รัก กรุงเทพ", "ฉันรักกรุงเทพ"),
        ("去 Paris 吧", "去 Paris 吧"),
        ("👍 👍", "👍 👍"),
    ],
)
def test_blanks_go_between_words_where_the_script_has_them(
    tmp_path: Path, tokens: str, text: str
) -> None:
    rows = "".join(f"{token}\tO\n" for token in tokens.split())
    assert read(write(tmp_path / "a.conll", rows)) == [(text, [])]


COUNTS = ", line 1: the first column should be the token, but "


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("New York B-LOC\nis O\n", ", line 2: 2 columns, but line 1 has 3"),
        ("is O\nNew York B-LOC\n", ", line 2: 3 columns, but line 1 has 2"),
        ("a\tO\nb O\n", ", line 2: blanks between columns, but tabs in line 1"),
        ("a O\nb\tO\n", ", line 2: tabs between columns, but blanks in line 1"),
        ("a NN\tO\nb VB\tB-X\n", ", line 1: every token holds a blank, as 'a NN': separate columns by tabs alone or by blanks alone"),
        ("a\tO\n\tO\n", ", line 2: expected a token and a tag, got '\\tO'"),
        ("a\tO\n \tO\n", ", line 2: expected a token and a tag, got ' \\tO'"),
        ("a\tO\n\u00a0\n", ", line 2: expected a token and a tag, got '\\xa0'"),
        ("a O\rb O\n", ", line 1: a carriage return within the line"),
        ("B-ACTOR\tjohn\nO\tmovies\n", ", line 1: expected a tag like O, B-TYPE or I-TYPE, got 'john'"),
        ("a B_PER\n", ", line 1: expected a tag like O, B-TYPE or I-TYPE, got 'B_PER'"),
        ("a O +\nb B-LOC -\n", ", line 1: expected a tag like O, B-TYPE or I-TYPE, got '+'"),
        ("#BTS b-per\na O\n", ", line 1: expected a tag like O, B-TYPE or I-TYPE, got 'b-per'"),
        ("a O\n# a comment\nb O\n", ", line 2: 3 columns, but line 1 has 2"),
        ("a B-PER O\nb O O\n", ", line 1: columns 2 and 3 both hold tags of entities: leave the one that counts"),
        ("a NN B-PER B-PER\nb NN O B-LOC\n", ", line 1: columns 3 and 4 both hold tags of entities: leave the one that counts"),
        ("1 a O\n1 b B-X\n", COUNTS + "holds numbers that do not count the tokens of each sentence"),
        ("1 a O\n2 b B-X\n\n3 c O\n", COUNTS + "holds numbers that do not count the tokens of each sentence"),
        ("1. a O\n2. b B-X\n", COUNTS + "holds numbers that do not count the tokens of each sentence"),
        ("1 CD O\n", COUNTS + "holds numbers that do not count the tokens of each sentence"),
        ("s1 a O\ns1 b B-X\ns1 c O\n\ns2 d O\n", COUNTS + "is the same in all lines of a sentence"),
        ("en:a\tO\nen:b\tB-X\n", ", line 1: every token begins with 'en:': take that away"),
        ("a O\n\n\u00a0 B-X\n", ", line 3: in this sentence, nothing but blanks is tagged 'X'"),
        ("# only\n# comments\n", " holds no text"),
        ("# three words here\n\n", " holds no text"),
    ],
)  # fmt: skip
def test_columns_that_are_not_plain_are_told(tmp_path: Path, content: str, told: str) -> None:
    assert complaint(write(tmp_path / "a.conll", content)) == told


def test_numbers_that_are_words_are_words(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.conll", "1 O\n2 O\n")) == [("1 2", [])]
    content = "1 CD O\n2 CD O\n\nNo. NN O\n1 CD B-X\n"
    assert [text for text, _ in read(write(tmp_path / "a.conll", content))] == ["1 2", "No. 1"]


def test_tagged_lines_that_are_called_texts_are_told(tmp_path: Path) -> None:
    told = ": its lines are tokens with tags; name such a file .conll"
    assert complaint(write(tmp_path / "a.txt", "Anna B-PER\nlebt O\n\nin O\nParis B-LOC\n")) == told
    plain = "Take the U-Bahn\nbuy vitamin B-12\nblood group O\n"
    assert len(read_examples(write(tmp_path / "a.txt", plain.replace("buy ", "")))) == 3
    assert len(read_examples(write(tmp_path / "a.txt", "my E-mail\nthe U-Bahn\n"))) == 2


def test_a_table_without_a_header_that_holds_tags_is_told(tmp_path: Path) -> None:
    told = complaint(write(tmp_path / "a.tsv", GERMEVAL))
    assert told.startswith(", line 1: no column named 'text' or 'sentence'; columns found: 1, Anna")
    assert told.endswith(" O. Tokens with tags belong into a .conll file")


# JSONL


@pytest.mark.parametrize("column", ["tags", "ner_tags"])
def test_tokens_and_names_of_tags_are_read_from_jsonl(tmp_path: Path, column: str) -> None:
    rows = [
        {"tokens": ["New York", "", "is"], column: ["B-LOC", "I-LOC", "O"]},
        {"tokens": ["", "Anna", " B. ", ""], column: ["B-PER", "I-PER", "I-PER", "O"]},
    ]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert read(path) == [
        ("New York is", [("New York", "LOC")]),
        ("Anna  B. ", [("Anna  B.", "PER")]),
    ]


@pytest.mark.parametrize(
    ("tokens", "tags", "told"),
    [
        (["a"], [1], "'ner_tags' should hold names like O and B-PER, not 1: write the names that the data set gives its numbers"),
        (["a"], [None], "expected a tag like O, B-TYPE or I-TYPE, got 'None'"),
        (["a"], ["1"], "expected a tag like O, B-TYPE or I-TYPE, got '1'"),
        (["a"], [], "'tokens' and 'ner_tags' should be lists of one length"),
        ([None], ["O"], "'tokens' should hold text, not None"),
        ([1], ["O"], "'tokens' should hold text, not 1"),
        (["", " "], ["O", "B-X"], "nothing but blanks is tagged 'X'"),
    ],
)  # fmt: skip
def test_a_row_of_tokens_that_cannot_be_read_is_told(
    tmp_path: Path, tokens: list[object], tags: list[object], told: str
) -> None:
    path = write(tmp_path / "a.jsonl", json.dumps({"tokens": tokens, "ner_tags": tags}) + "\n")
    assert complaint(path) == f", line 1: {told}"


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ("B-PER I-PER O B-LOC", None),
        ("B-PER I-LOC O B-LOC", "line 2: I-LOC continues nothing, "),
        ("B-PER O I-PER B-LOC B-LOC I-LOC", "line 3: I-PER continues nothing, "),
        ("B-PER E-PER O E-PER B-LOC B-LOC", "line 4: E-PER continues nothing, "),
        ("S-PER I-PER O B-LOC B-LOC", "line 2: I-PER continues nothing, "),
        ("I-PER I-PER O I-LOC B-LOC", None),  # IOB1: B- only where two entities touch
    ],
)
def test_a_tag_that_continues_nothing_is_told_with_its_line(
    tags: str, told: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.conll"
    path.write_text("".join(f"word {tag}\n" for tag in tags.split()), encoding="utf-8")
    assert read_examples(path).require_entities()
    assert [record.getMessage() for record in caplog.records] == (
        [f"{path}, {told}and is read as the beginning of an entity; the file has 1 such tags"]
        if told
        else []
    )
