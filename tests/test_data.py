"""Files of texts, labels, scores and entities, good ones and bad ones."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgebert.data import Columns, Examples, Span, read_examples, stream_texts
from edgebert.errors import InputError

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: str | bytes) -> Path:
        raw = content if isinstance(content, bytes) else content.encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return write


def complaint(path: Path, **columns: Any) -> str:
    """What reading a bad file says, after its path."""
    with pytest.raises(InputError) as caught:
        read_examples(path, columns=Columns(**columns) if columns else None)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(str(path))


def spans(examples: Examples) -> list[list[tuple[str, str]]]:
    """For each text its entities as (characters, label)."""
    return [
        [(str(text)[span.start : span.end], span.label) for span in entities]
        for text, entities in zip(examples.texts, examples.require_entities(), strict=True)
    ]


# texts


def test_every_line_of_a_txt_file_is_a_text_and_a_blank_line_an_empty_one(write: Write) -> None:
    assert read_examples(write("a.txt", "one\n\n  two \n")).texts == ("one", "", "  two ")


def test_the_last_line_needs_no_line_end(write: Write) -> None:
    assert read_examples(write("a.txt", "one\ntwo")).texts == ("one", "two")


def test_only_line_feeds_end_a_line(write: Write) -> None:
    text = "one\u2028still\x0cone\x85and\x1cmore\rof it"
    assert read_examples(write("a.txt", f"{text}\ntwo\n")).texts == (text, "two")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("zipped", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a.txt", ["灯 on", "b"]),
        ("a.tsv", ["text\tlabel", "灯 on\tx", "b\ty"]),
        ("a.csv", ["text,label", "灯 on,x", "b,y"]),
        ("a.jsonl", ['{"text": "灯 on"}', '{"text": "b"}']),
    ],
)
def test_line_ends_byte_order_marks_and_gzip_change_nothing(
    write: Write, name: str, lines: list[str], zipped: str, mark: str, end: str
) -> None:
    path = write(name + zipped, mark + end.join([*lines, ""]))
    assert read_examples(path).texts == ("灯 on", "b")


def test_a_tsv_cell_may_hold_quotation_marks_and_commas(write: Write) -> None:
    path = write("a.tsv", 'text\tlabel\n"quoted" he said\ta\n"open, \tb\n')
    assert read_examples(path).texts == ('"quoted" he said', '"open, ')


def test_a_csv_cell_may_be_quoted_and_hold_line_ends(write: Write) -> None:
    path = write("a.csv", 'text,label\n"a, ""b""\nc",x\nd,y\n')
    assert read_examples(path).texts == ('a, "b"\nc', "d")


def test_blank_lines_between_rows_are_passed_over(write: Write) -> None:
    assert read_examples(write("a.tsv", "text\na\n\nb\n")).texts == ("a", "b")
    assert read_examples(write("a.csv", "text\na\n\nb\n")).texts == ("a", "b")
    assert read_examples(write("a.jsonl", '{"text": "a"}\n\n{"text": "b"}\n')).texts == ("a", "b")


def test_an_empty_cell_is_an_empty_text(write: Write) -> None:
    assert read_examples(write("a.tsv", "id\ttext\n1\t\n")).texts == ("",)


# columns


@pytest.mark.parametrize("column", ["text", "sentence"])
def test_usual_names_of_a_text_column_are_recognised(write: Write, column: str) -> None:
    assert read_examples(write("a.tsv", f"id\t{column}\n7\thello\n")).texts == ("hello",)


@pytest.mark.parametrize(
    "columns",
    [
        "text\ttext_pair",
        "sentence1\tsentence2",
        "sentence_a\tsentence_b",
        "premise\thypothesis",
        "question1\tquestion2",
    ],
)
def test_two_columns_that_belong_together_are_read_as_pairs(write: Write, columns: str) -> None:
    examples = read_examples(write("a.tsv", f"id\t{columns}\n7\thello\tyou\n"))
    assert examples.texts == (("hello", "you"),)
    assert examples.single_texts() == ["hello", "you"]


def test_a_column_can_be_named(write: Write) -> None:
    path = write("a.tsv", "sentence1\tsentence2\tkind\na\tb\tx\n")
    examples = read_examples(path, columns=Columns(text="sentence2", label="kind"))
    assert examples.texts == ("b",)
    assert examples.labels == (("x",),)


@pytest.mark.parametrize("column", ["label", "labels", "intent"])
def test_usual_names_of_a_label_column_are_recognised(write: Write, column: str) -> None:
    path = write("a.tsv", f"text\t{column}\na\ton\nb\toff | tell\n")
    assert read_examples(path).labels == (("on",), ("off | tell",))


def test_a_cell_is_cut_into_labels_only_where_a_text_may_have_several(write: Write) -> None:
    rows = [("on", "on"), ("off | tell", "off,tell"), ("news|world", "news,world")]
    table = "".join(f"a\t{cell}\n" for cell, _ in rows)
    examples = read_examples(write("a.tsv", f"text\tlabel\n{table}"))
    assert examples.require_labels() == tuple((cell,) for cell, _ in rows)
    assert examples.require_label_sets() == tuple(tuple(s.split(",")) for _, s in rows)
    assert examples.take([1]).require_label_sets(["off", "tell"]) == (("off", "tell"),)


def test_lists_of_labels_are_never_cut(write: Write) -> None:
    path = write("a.jsonl", '{"text": "a", "label": ["x|y"]}\n{"text": "b", "label": []}\n')
    examples = read_examples(path)
    assert examples.label_lists
    assert examples.require_label_sets() == examples.require_labels() == (("x|y",), ())


@pytest.mark.parametrize("cell", ["x|", "|x", "x||y", "x| |y", "|"])
def test_an_empty_label_among_several_is_told(write: Write, cell: str) -> None:
    path = write("a.tsv", f"text\tlabel\na\tx\nb\t{cell}\n")
    with pytest.raises(InputError) as caught:
        read_examples(path).require_label_sets()
    assert str(caught.value) == f"{path}, line 3: an empty label in {cell!r}"


def test_a_cell_that_may_be_one_label_or_several_is_told(write: Write) -> None:
    path = write("a.tsv", "text\tlabel\na\tx|y\n")
    with pytest.raises(InputError) as caught:
        read_examples(path).require_label_sets(["x", "y", "x|y"])
    assert str(caught.value) == (
        f"{path}, line 2: 'x|y' may be one label or 2: give lists of labels, in .jsonl or .parquet"
    )


@pytest.mark.parametrize(
    ("value", "labels"), [("2", ("2",)), ('["x", "y"]', ("x", "y")), ("[]", ())]
)
def test_labels_of_json_may_be_numbers_or_lists(
    write: Write, value: str, labels: tuple[str, ...]
) -> None:
    path = write("a.jsonl", f'{{"text": "a", "label": {value}}}\n')
    assert read_examples(path).labels == (labels,)


@pytest.mark.parametrize(
    ("first", "second", "read", "streamed"),
    [
        (
            '{"text": "a"}',
            '{"text": "b", "text_pair": "c"}',
            ", line 1: no 'text_pair'",
            ", line 2: its texts are in 'text' and 'text_pair', those of the rows before in 'text'",
        ),
        (
            '{"sentence": "a"}',
            '{"sentence": "b", "text": "c"}',
            ", line 1: no 'text'",
            ", line 2: its texts are in 'text', those of the rows before in 'sentence'",
        ),
    ],
)
def test_rows_of_json_whose_texts_are_in_other_columns_are_told(
    write: Write, first: str, second: str, read: str, streamed: str
) -> None:
    path = write("a.jsonl", f"{first}\n{second}\n")
    assert complaint(path) == read
    with pytest.raises(InputError) as caught:
        list(stream_texts(path))
    assert str(caught.value) == f"{path}{streamed}"


def test_a_label_that_the_first_row_of_json_has_not_is_missed(write: Write) -> None:
    path = write("a.jsonl", '{"text": "a"}\n{"text": "b", "label": "x"}\n')
    assert complaint(path) == ", line 1: no 'label'"
    assert list(stream_texts(path)) == ["a", "b"]


@pytest.mark.parametrize("column", ["score", "relatedness_score"])
def test_pairs_with_a_score_are_read_for_similarity(write: Write, column: str) -> None:
    path = write("a.tsv", f"sentence1\tsentence2\t{column}\na\tb\t3.5\nc\td\t0\n")
    assert read_examples(path).require_scored_pairs() == ((("a", "b"), ("c", "d")), (3.5, 0.0))


def test_a_score_beside_a_single_text_means_nothing_here(write: Write) -> None:
    assert read_examples(write("a.tsv", "text\tscore\na\tmany\n")).scores is None


def test_rows_are_taken_with_all_that_stands_beside_them(write: Write) -> None:
    path = write("a.tsv", "text\tlabel\na\tx\nb\ty\nc\tz\n")
    taken = read_examples(path).take([2, 0])
    assert (taken.texts, taken.labels) == (("c", "a"), (("z",), ("x",)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "id\ttext\tkind\n1\ta\tx\n2\tb\t\n"),
        ("a.csv", "id,text,kind\n1,a,x\n2,b,\n"),
        ("a.jsonl", '{"id": 1, "text": "a", "kind": "x"}\n{"id": 2, "text": "b"}\n'),
    ],
)
def test_any_column_can_be_read_as_text(write: Write, name: str, content: str) -> None:
    examples = read_examples(write(name, content))
    assert examples.column("kind") == ("x", "")
    assert examples.column("id") == ("1", "2")
    assert examples.take([1]).column("id") == ("2",)


def test_a_column_that_is_not_there_is_told_with_those_that_are(write: Write) -> None:
    table, lines = write("a.tsv", "text\tkind\na\tx\n"), write("a.txt", "a\n")
    for path, found in ((table, "columns found: text, kind"), (lines, "none found")):
        with pytest.raises(InputError) as caught:
            read_examples(path).column("genre")
        assert str(caught.value) == f"{path}, line 1: expected a column named 'genre'; {found}"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.txt", "a\nb\n", 2),
        ("a.tsv", "text\na\n\nb\n", 4),
        ("a.csv", 'text\n"a\nb"\nc\n', 4),
        ("a.jsonl", '{"text": "a"}\n\n{"text": "b"}\n', 3),
        ("a.conll", "-DOCSTART- O\n\na O\nb O\n\nc O\n", 6),
    ],
)
def test_a_row_knows_its_line(write: Write, name: str, content: str, line: int) -> None:
    path = write(name, content)
    examples = read_examples(path)
    assert examples.where(1) == f"{path}, line {line}"
    assert examples.take([1]).where(0) == f"{path}, line {line}"


def test_a_misnamed_text_column_is_told_with_the_columns_found(write: Write) -> None:
    assert complaint(write("a.tsv", "sentense\tlabel\na\tx\n")) == (
        ", line 1: no column named 'text' or 'sentence'; columns found: sentense, label. "
        "Call yours 'text'"
    )


@pytest.mark.parametrize("named", ["text", "pair", "label"])
def test_a_named_column_that_is_not_there_is_told(write: Write, named: str) -> None:
    assert complaint(write("a.csv", "text,label\na,x\n"), **{named: "intents"}) == (
        ", line 1: no column named 'intents'; columns found: text, label"
    )


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("labels", "expected a 'label' column"),
        ("scored_pairs", "expected two texts ('sentence1', 'sentence2') and a 'score' column"),
        ("entities", "expected a .conll file (token, tag) or JSONL with 'tokens' and 'tags'"),
        ("answers", "expected SQuAD JSON, or JSONL with 'question', 'context' and 'answers'"),
    ],
)
def test_what_a_task_needs_and_the_file_has_not_is_told(
    write: Write, what: str, expected: str
) -> None:
    table, lines = write("a.tsv", "text\tlable\na\tx\n"), write("a.txt", "a\n")
    for path, found in ((table, "columns found: text, lable"), (lines, "none found")):
        with pytest.raises(InputError) as caught:
            getattr(read_examples(path), f"require_{what}")()
        assert str(caught.value) == f"{path}, line 1: {expected}; {found}"


# bad rows


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.tsv", "text\tlabel\na\tx\nb\n", ", line 3: 1 columns, but the header has 2 (text, label)"),
        ("a.tsv", "text\tlabel\na\tx\ty\n", ", line 2: 3 columns, but the header has 2 (text, label)"),
        ("a.csv", "text,label\n\na,b,c\n", ", line 3: 3 columns, but the header has 2 (text, label)"),
        ("a.csv", 'text,label\n"a\nb",x\nc\n', ", line 4: 1 columns, but the header has 2 (text, label)"),
        ("a.tsv", "text\tlabel\na\tx\nb\t \n", ", line 3: 'label' is empty"),
        ("a.jsonl", '{"text": "a", "label": {"name": "x"}}\n', ", line 1: 'label' should be a name, a number or a list of them, not {'name': 'x'}"),
        ("a.jsonl", '{"text": "a", "label": [null]}\n', ", line 1: 'label' should be a name, a number or a list of them, not [None]"),
        ("a.jsonl", '{"text": "a", "label": ["x", " "]}\n', ", line 1: 'label' is empty"),
        ("a.jsonl", '{"text": "a", "label": NaN}\n', ", line 1: 'label' is empty"),
        ("a.tsv", "sentence1\tsentence2\tscore\na\tb\t1\n\nc\td\thigh\n", ", line 4: 'score' should be a number, not 'high'"),
        ("a.tsv", "sentence1\tsentence2\tscore\na\tb\t\n", ", line 2: 'score' should be a number, not ''"),
        ("a.jsonl", '{"text": "a"}\n{"txt": "b"}\n', ", line 2: no 'text'"),
        ("a.jsonl", '{"text": "a"}\n{"text": null}\n', ", line 2: no 'text'"),
        ("a.jsonl", '\n{"text": ["a"]}\n', ", line 2: 'text' should be text, not list"),
        ("a.jsonl", '{"text": "a"}\n["b"]\n', ", line 2: expected a JSON object, one to a line"),
        ("a.jsonl", '{"text": "a"}\n{"text": "\\ud83d"}\n', ", line 2: holds a lone surrogate, so it is not Unicode text"),
        ("a.txt", b"ok\nna\xefve\n", ", line 2: this is not UTF-8 text"),
        ("a.txt.gz", b"ok\nna\xefve\n", ", line 2: this is not UTF-8 text"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_with_its_line(
    write: Write, name: str, content: str | bytes, expected: str
) -> None:
    assert complaint(write(name, content)) == expected


def test_a_line_that_is_not_json_is_told(write: Write) -> None:
    message = complaint(write("a.jsonl", '{"text": "a"}\n{"text": \n'))
    assert message.startswith(", line 2: this is not JSON (")


def test_a_csv_quotation_that_never_ends_is_told(write: Write) -> None:
    message = complaint(write("a.csv", 'text,label\na,x\n"b,y\nc,z\n'))
    assert message == ", line 3: a quotation mark opens in this row and never closes"


@pytest.mark.parametrize("escaped", ['"\\ud83d\\ude00"', '"\\u706f"', '"\\\\ud83d"'])
def test_escaped_characters_that_are_whole_are_read(write: Write, escaped: str) -> None:
    assert len(read_examples(write("a.jsonl", f'{{"text": {escaped}}}\n'))) == 1


@pytest.mark.parametrize("value", ["nan", "inf", "NaN", "-Infinity"])
def test_a_score_that_is_no_finite_number_is_told(write: Write, value: str) -> None:
    path = write("a.tsv", f"sentence1\tsentence2\tscore\na\tb\t{value}\n")
    assert complaint(path) == f", line 2: 'score' should be a number, not {value!r}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", ""),
        ("a.txt.gz", ""),
        ("a.tsv", ""),
        ("a.tsv", "text\tlabel\n"),
        ("a.csv", ""),
        ("a.jsonl", "\n"),
        ("a.conll", "\n\n"),
    ],
)
def test_a_file_without_texts_is_told(write: Write, name: str, content: str) -> None:
    assert complaint(write(name, content)) == " holds no text"


def test_a_column_named_twice_is_told(write: Write) -> None:
    message = complaint(write("a.tsv", "text\ttext\na\tb\n"))
    assert message == ", line 1: two columns are named 'text'"


@pytest.mark.parametrize("name", ["a", "a.gz", "a.xml"])
def test_a_file_of_another_kind_is_told(write: Write, name: str) -> None:
    expected = (
        ": expected a .txt, .tsv, .csv, .jsonl, .parquet, .conll or .json file "
        "(all but .parquet also as .gz)"
    )
    assert complaint(write(name, "text\n")) == expected


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert complaint(tmp_path / "a.tsv") == " cannot be read: No such file or directory"
    assert complaint(tmp_path / "a.tsv.gz") == " cannot be read: No such file or directory"


def test_a_damaged_gzip_file_is_told(tmp_path: Path) -> None:
    whole = gzip.compress(b"text\nhello\n" * 1000)
    damaged = [b"text\nhello\n", whole[:-12]]
    damaged += [whole[:i] + b"\xff" + whole[i + 1 :] for i in range(10, len(whole) - 8)]
    for content in damaged:
        (tmp_path / "a.tsv.gz").write_bytes(content)
        assert complaint(tmp_path / "a.tsv.gz").startswith(" cannot be read: ")


# entities


def test_conll_tokens_become_texts_and_character_spans(write: Write) -> None:
    lines = "-DOCSTART- O\n\nAnna B-PER\nmet O\nBen B-PER\nLi I-PER\n\n\nin O\nOslo B-LOC\n"
    examples = read_examples(write("a.conll", lines))
    assert examples.texts == ("Anna met Ben Li", "in Oslo")
    assert examples.entities == (
        (Span(0, 4, "PER"), Span(9, 15, "PER")),
        (Span(3, 7, "LOC"),),
    )


def test_the_first_column_is_the_token_and_the_last_the_tag(write: Write) -> None:
    for row in ("Oslo NNP  B-NP B-LOC", "Oslo\tNNP\tB-NP\tB-LOC\t"):
        assert spans(read_examples(write("a.conll", row + "\n"))) == [[("Oslo", "LOC")]]


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("B-X I-X O", [("a b", "X")]),
        ("I-X I-X O", [("a b", "X")]),  # an entity may open without B
        ("B-X B-X I-X", [("a", "X"), ("b c", "X")]),
        ("B-X I-Y I-Y", [("a", "X"), ("b c", "Y")]),
        ("B-X O I-X", [("a", "X"), ("c", "X")]),
        ("B-X M-X E-X", [("a b c", "X")]),  # BMES
        ("S-X S-X B-X", [("a", "X"), ("b", "X"), ("c", "X")]),
        ("B-X E-X I-X", [("a b", "X"), ("c", "X")]),
        ("U-X B-X L-X", [("a", "X"), ("b c", "X")]),  # BILOU
        ("B-X-1 I-X-1 O", [("a b", "X-1")]),
        ("O O O", []),
    ],
)
def test_tags_open_and_close_entities(
    write: Write, tags: str, found: list[tuple[str, str]]
) -> None:
    pairs = zip("abc", tags.split(), strict=True)
    path = write("a.conll", "".join(f"{token} {tag}\n" for token, tag in pairs))
    assert spans(read_examples(path)) == [found]


def test_an_entity_ends_with_its_sentence(write: Write) -> None:
    examples = read_examples(write("a.conll", "a B-X\n\nb I-X\n"))
    assert spans(examples) == [[("a", "X")], [("b", "X")]]


def test_chinese_characters_are_joined_without_spaces(write: Write) -> None:
    rows = [*zip("去北京大学", ["O", "B-ORG", "M-ORG", "M-ORG", "E-ORG"], strict=True)]
    rows += [("with", "O"), ("Anna", "B-PER"), ("。", "O")]
    path = write("a.conll", "".join(f"{token} {tag}\n" for token, tag in rows))
    examples = read_examples(path)
    assert examples.texts == ("去北京大学 with Anna 。",)
    assert spans(examples) == [[("北京大学", "ORG"), ("Anna", "PER")]]


def test_accents_and_emoji_count_as_code_points(write: Write) -> None:
    path = write("a.conll", "👩‍👩‍👧‍👦 O\ncafé O\nZoë B-PER\n")
    assert spans(read_examples(path)) == [[("Zoë", "PER")]]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Anna B-PER\nOslo LOC\n", ", line 2: expected a tag like O, B-TYPE or I-TYPE, got 'LOC'"),
        ("Anna X-PER\n", ", line 1: expected a tag like O, B-TYPE or I-TYPE, got 'X-PER'"),
        ("Anna B-\n", ", line 1: expected a tag like O, B-TYPE or I-TYPE, got 'B-'"),
        ("Anna BI-PER\n", ", line 1: expected a tag like O, B-TYPE or I-TYPE, got 'BI-PER'"),
        ("Anna B-PER\n\nOslo\n", ", line 3: expected a token and a tag, got 'Oslo'"),
    ],
)
def test_a_bad_conll_line_is_told(write: Write, content: str, expected: str) -> None:
    assert complaint(write("a.conll", content)) == expected


def test_jsonl_rows_hold_tokens_and_tags(write: Write) -> None:
    rows = '{"tokens": ["In", "Oslo"], "tags": ["O", "B-LOC"]}\n{"tokens": [], "tags": []}\n'
    examples = read_examples(write("a.jsonl", rows))
    assert examples.texts == ("In Oslo", "")
    assert spans(examples) == [[("Oslo", "LOC")], []]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ('{"tokens": ["a"], "tags": []}', ", line 2: 'tokens' and 'tags' should be lists of one length"),
        ('{"tokens": "a", "tags": "O"}', ", line 2: 'tokens' and 'tags' should be lists of one length"),
        ('{"tokens": ["a"]}', ", line 2: 'tokens' and 'tags' should be lists of one length"),
        ('{"tokens": ["a"], "tags": ["PER"]}', ", line 2: expected a tag like O, B-TYPE or I-TYPE, got 'PER'"),
        ('{"tokens": ["a"], "tags": [3]}', ", line 2: 'tags' should hold names like O and B-PER, not 3: write the names that the data set gives its numbers"),
    ],
)  # fmt: skip
def test_a_bad_row_of_tokens_is_told(write: Write, row: str, expected: str) -> None:
    path = write("a.jsonl", f'{{"tokens": ["a"], "tags": ["O"]}}\n{row}\n')
    assert complaint(path) == expected
