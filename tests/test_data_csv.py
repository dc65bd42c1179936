"""Tables as people write them: long cells, blanks after commas, other separators."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from edgebert.data import read_examples, stream_texts
from edgebert.errors import InputError

LONG = "the lamp is good in paris " * 10_000  # more characters than the csv module's own bound


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8", newline="")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_examples(path)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(str(path))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f"id,text\n1,short\n2,{LONG}\n"),
        ("b.csv", f'id,text\n1,short\n2,"{LONG}"\n'),
        ("c.csv", f"text,notes\nshort,{LONG}\n{LONG},{LONG}\n"),
        ("a.tsv", f"id\ttext\n1\tshort\n2\t{LONG}\n"),
        ("a.txt", f"short\n{LONG}\n"),
        ("a.jsonl", f'{{"text": "short"}}\n{{"text": "{LONG}"}}\n'),
    ],
)
def test_a_text_may_be_of_any_length(tmp_path: Path, name: str, content: str) -> None:
    path = write(tmp_path / name, content)
    assert read_examples(path).texts == ("short", LONG)
    assert tuple(stream_texts(path)) == ("short", LONG)


def test_reading_leaves_the_bound_of_the_csv_module_as_it_was(tmp_path: Path) -> None:
    good = write(tmp_path / "a.csv", f"text\nshort\n{LONG}\n")
    bad = write(tmp_path / "b.csv", f'text\n"{LONG}\n')
    before = csv.field_size_limit(77)
    try:
        one, other = stream_texts(good), stream_texts(good)
        assert (next(one), next(other), next(one)) == ("short", "short", LONG)
        assert csv.field_size_limit() == 77
        assert (list(one), list(other)) == ([], [LONG])
        complaint(bad)
        assert csv.field_size_limit() == 77
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text, label\na, x\nb,  y\n"),
        ("b.csv", 'text, label\n"a", "x"\n"b", y\n'),
        ("c.csv", '"text","label"\na,x\nb,y\n'),
        ("d.csv", " text,label \na,x\nb,y\n"),
        ("e.csv", "\ufeffid, text, label\n1, a, x\n2, b, y\n"),
        ("a.tsv", "text\t label\na\tx\nb\ty\n"),
        ("b.tsv", "text \tlabel\u00a0\na\tx\nb\ty\n"),
    ],
)
def test_blanks_around_the_names_of_columns_mean_nothing(
    tmp_path: Path, name: str, content: str
) -> None:
    examples = read_examples(write(tmp_path / name, content))
    assert (examples.texts, examples.labels) == (("a", "b"), (("x",), ("y",)))


def test_blanks_after_commas_are_part_of_no_cell_where_the_header_has_them(tmp_path: Path) -> None:
    spaced = write(tmp_path / "a.csv", 'label, text\nx, "a, b"\ny, c d\nz, " e"\n')
    assert read_examples(spaced).texts == ("a, b", "c d", " e")
    tight = write(tmp_path / "b.csv", "label,text\nx, a\n")
    assert read_examples(tight).texts == (" a",)


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_two_names_that_differ_in_blanks_alone_are_told(tmp_path: Path, name: str) -> None:
    between = "," if name == "a.csv" else "\t"
    path = write(tmp_path / name, f"text{between} text\na{between}b\n")
    assert complaint(path) == ", line 1: two columns are named 'text'"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "text;label\na;x\n", "text;label; the columns of a .csv file are separated by commas"),
        ("a.csv", "text\tlabel\na\tx\n", "text\tlabel; the columns of a .csv file are separated by commas"),
        ("a.csv", "text|label\na|x\n", "text|label; the columns of a .csv file are separated by commas"),
        ("a.csv", "sep=;\ntext;label\na;x\n", "sep=;; it is a line that Excel alone reads: take it away"),
        ("a.tsv", "text,label\na,x\n", "text,label; the columns of a .tsv file are separated by tabs"),
    ],
)  # fmt: skip
def test_other_separators_are_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    message = complaint(write(tmp_path / name, content))
    assert message.startswith(
        f", line 1: no column named 'text' or 'sentence'; columns found: {told}"
    )


def test_a_semicolon_table_with_commas_in_its_texts_is_told(tmp_path: Path) -> None:
    assert complaint(write(tmp_path / "a.csv", "text;label\na, b;x\n")) == (
        ", line 2: 2 columns, but the header has 1 (text;label); "
        "the columns of a .csv file are separated by commas"
    )


def test_a_quotation_that_never_closes_is_told_where_it_opens(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,label\na,x\n"b,y\nc,z\nd,x\n')
    assert complaint(path) == ", line 3: a quotation mark opens in this row and never closes"


def test_a_cell_may_hold_a_nul_byte(tmp_path: Path) -> None:
    for name, between in (("a.csv", ","), ("a.tsv", "\t")):
        path = write(tmp_path / name, f"text{between}label\na\0b{between}x\n")
        assert read_examples(path).texts == ("a\0b",)
