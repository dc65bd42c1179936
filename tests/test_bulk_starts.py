"""Parts of a file of texts: together they are the file, and what stands before one is not read."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgebert.data import Columns, Text, stream_texts
from edgebert.data.starts import PartsOfFiles, Start, Survey, survey_texts

FILES = {
    "plain.txt": "\ufeffone\n\nthree\r\n\ufeffa mark that stays\nfive\n\n",
    "unended.txt": "one\ntwo\nthree",
    "blank.tsv": "n\ttext\n1\tone\n\n2\ttwo\n3\t\n\n4\tfour\n",
    "quoted.csv": '"te\nxt",text,n\n1,"a\nb",2\n1,two,2\n\n1,"c\n\nd",2\n1,"",2\n',
    "blanks.csv": 'n, text\n1, "one"\n1, two\n1, three\n1, four\n',
    "returns.csv": "n,text\n1,one\n1,two\r1,three\n1,four\n1,five\n",
    "more.jsonl": '{"text": "one", "n": 1}\n\n{"text": "two"}\n{"n": 2, "text": "three"}\n{"text": ""}\n',
    "pairs.jsonl": "".join(f'{{"sentence1": "{n}", "sentence2": "b"}}\n' for n in range(5)),
    "late.jsonl": '{"text": "a", "sentence": "b"}\n{"text": "c"}\n{"text": "d", "sentence": "e"}\n',
    "tagged.conll": "anna B-PER\nis O\n\nben B-PER\n\noslo B-LOC\n\nhere O\n",
    "long.txt": "".join(f"text {number}\n" for number in range(300)),
}
SEEKABLE = ["plain.txt", "blank.tsv", "quoted.csv", "blanks.csv", "more.jsonl", "pairs.jsonl"]


def write(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(FILES[name].encode())
    return path


def starts(survey: Survey, size: int) -> list[Start]:
    return [Start(n * size, survey.head_bytes, at) for n, at in enumerate(survey.offsets)]


def hold_together(path: Path, size: int, columns: Columns | None = None) -> Survey:
    """Every part begins where the one before ends, and nothing is left out."""
    texts = list(stream_texts(path, columns=columns))
    survey = survey_texts(path, size, columns=columns)
    assert survey.texts == len(texts) > 1
    assert len(survey.offsets) == -(-len(texts) // size)
    for every in (1, 2):  # as a share of two reads them
        parts = PartsOfFiles()
        for start in starts(survey, size)[::every]:
            part = list(parts.texts(path, start, size, columns=columns))
            assert part == texts[start.texts : start.texts + size]
    for start in reversed(starts(survey, size)):
        assert part_of(path, start, columns) == texts[start.texts :]
    return survey


def part_of(path: Path, start: Start, columns: Columns | None = None) -> list[Text]:
    """All texts from a place on."""
    return list(PartsOfFiles().texts(path, start, 10_000, columns=columns))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("name", FILES)
def test_parts_of_every_kind_of_file_are_its_texts(tmp_path: Path, name: str, size: int) -> None:
    survey = hold_together(write(tmp_path, name), size)
    assert survey.pairs == (name == "pairs.jsonl")


@pytest.mark.parametrize("name", ["plain.txt", "quoted.csv", "more.jsonl"])
def test_parts_of_gzipped_files_are_their_texts(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(FILES[name].encode()))
    hold_together(path, 2)


@pytest.mark.parametrize("name", SEEKABLE)
def test_what_stands_before_a_part_is_not_read(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name)
    texts, survey = list(stream_texts(path)), survey_texts(path, 2)
    start = starts(survey, 2)[1]
    content = bytearray(path.read_bytes())
    assert survey.head_bytes < start.offset
    content[survey.head_bytes : start.offset] = b"\xff" * (start.offset - survey.head_bytes)
    path.write_bytes(content)
    assert part_of(path, start) == texts[2:]


def test_rows_that_end_within_a_line_are_counted_not_sought(tmp_path: Path) -> None:
    survey = survey_texts(write(tmp_path, "returns.csv"), 1)
    assert [offset > 0 for offset in survey.offsets] == [False, True, False, False, False]


@pytest.mark.parametrize("size", [1, 3, 4, 7, 100])
def test_parts_of_a_parquet_file_begin_in_any_row_group(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.parquet"
    texts = [f"text {number}" for number in range(600)]
    pq.write_table(pa.table({"n": range(600), "said": texts}), path, row_group_size=290)
    hold_together(path, size, Columns("said"))


def test_row_groups_before_a_part_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    texts = [f"text {number}" for number in range(60)]
    pq.write_table(pa.table({"text": texts}), path, row_group_size=20, compression="none")
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes(200) + content[204:])
    with pytest.raises(Exception, match="cannot be read"):
        list(stream_texts(path))
    assert part_of(path, Start(25)) == texts[25:]


def test_a_part_that_was_left_before_its_end_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(FILES["long.txt"].encode()))
    parts = PartsOfFiles()
    left = parts.texts(path, Start(), 10)
    assert [next(left), next(left)] == ["text 0", "text 1"]
    assert list(parts.texts(path, Start(10), 2)) == ["text 10", "text 11"]
    assert list(parts.texts(path, Start(12), 1)) == ["text 12"]


def test_an_empty_file_has_no_parts(tmp_path: Path) -> None:
    for name in ("a.txt", "a.csv", "a.jsonl"):
        (tmp_path / name).touch()
        assert survey_texts(tmp_path / name, 2) == Survey(0, False, 0, ())


def test_the_head_of_a_table_tells_its_columns_for_every_part(tmp_path: Path) -> None:
    """A row may lack the names by which the first of all has told which column is meant."""
    path = tmp_path / "a.jsonl"
    rows = [{"text": "a", "text_pair": "b"}, {"text": "c", "text_pair": "d", "sentence": "e"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    survey = survey_texts(path, 1)
    assert part_of(path, starts(survey, 1)[1]) == [("c", "d")]
