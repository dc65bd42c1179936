"""Texts of a file one at a time: those of `read_examples`, in memory that does not grow."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgebert.data import Columns, read_examples, stream_texts
from edgebert.errors import InputError


def write(path: Path, content: str | bytes) -> Path:
    raw = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.txt", "\ufeffone\r\n\n 灯 \rtwo\n", ["one", "", " 灯 \rtwo"]),
        ("a.txt", "one\ntwo\r", ["one", "two\r"]),
        ("a.tsv", "id\tsentence\n1\ta\n\n2\t\n", ["a", ""]),
        ("a.csv", 'text,n\n"a\nb",1\n"c\rd",2\n"x\r\ny",3', ["a\nb", "c\rd", "x\ny"]),
        ("a.csv", "text\ra\rb\r", ["a", "b"]),
        ("a.jsonl", '{"text": "a"}\n\n{"text": "\\u706f"}', ["a", "灯"]),
        ("a.tsv", "sentence1\tsentence2\na\tb\nc\td\n", [("a", "b"), ("c", "d")]),
        ("a.jsonl", '{"tokens": ["a", "b"], "tags": ["O", "B-X"]}\n', ["a b"]),
        ("a.conll", "a O\nb B-X\n\nc O\n", ["a b", "c"]),
    ],
)
@pytest.mark.parametrize("zipped", ["", ".gz"])
def test_a_file_gives_the_texts_that_reading_it_whole_gives(
    tmp_path: Path, name: str, zipped: str, content: str, texts: list[object]
) -> None:
    path = write(tmp_path / (name + zipped), content)
    assert list(stream_texts(path)) == texts
    assert list(read_examples(path).texts) == texts


def test_a_column_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,title\na,b\n")
    assert list(stream_texts(path, columns=Columns("title"))) == ["b"]


@pytest.mark.parametrize("content", ["", "\ufeff"])
@pytest.mark.parametrize("name", ["a.txt", "a.tsv", "a.csv", "a.jsonl"])
def test_an_empty_file_gives_no_texts(tmp_path: Path, name: str, content: str) -> None:
    assert list(stream_texts(write(tmp_path / name, content))) == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", b"fine\nna\xefve\n", ", line 2: this is not UTF-8 text"),
        ("a.tsv", "text\tid\nfine\t1\nb\n", ", line 3: 1 columns, but the header has 2 (text, id)"),
        (
            "a.csv",
            'text\nfine\n"b\n',
            ", line 3: a quotation mark opens in this row and never closes",
        ),
        ("a.jsonl", '{"text": "fine"}\n{"text": 7}\n', ", line 2: 'text' should be text, not int"),
        ("a.jsonl", '{"text": "fine"}\n[]\n', ", line 2: expected a JSON object, one to a line"),
    ],
)
def test_a_bad_line_is_told_when_it_is_reached(
    tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    path = write(tmp_path / name, content)
    texts = stream_texts(path)
    assert next(texts) == "fine"
    with pytest.raises(InputError) as caught:
        next(texts)
    assert str(caught.value) == f"{path}{told}"


def test_a_damaged_gzip_file_is_told_before_its_first_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt.gz", "fine\n" * 1000)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:])  # the checksum
    with pytest.raises(InputError, match=r"a\.txt\.gz cannot be read: CRC check failed"):
        next(stream_texts(path))


@pytest.mark.parametrize("name", ["a.txt", "a.conll", "a.json"])
def test_a_column_of_a_file_without_columns_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, "a O\n")
    with pytest.raises(InputError, match="has no columns, so --text-column cannot name one"):
        next(stream_texts(path, columns=Columns("text")))


@pytest.mark.parametrize("name", ["folder.txt", "folder.csv", "none.txt", "none.parquet"])
def test_what_is_no_file_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError) as caught:
        next(stream_texts(tmp_path / name))
    assert str(caught.value).startswith(str(tmp_path / name))


ROWS = 25_000


def table(path: Path) -> Path:
    """A file of ROWS texts of 200 characters."""
    texts = [f"{number:0200}" for number in range(ROWS)]
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"text": texts, "other": texts}), path, row_group_size=5000)
        return path
    rows: dict[str, Iterator[str]] = {
        ".txt": iter(texts),
        ".tsv": iter(["text", *texts]),
        ".csv": iter(["text", *(f'"{text}"' for text in texts)]),
        ".jsonl": (f'{{"text": "{text}"}}' for text in texts),
    }
    return write(path, "\n".join(rows[Path(path.name.removesuffix(".gz")).suffix]))


@pytest.mark.parametrize(
    "name", ["a.txt", "a.txt.gz", "a.tsv", "a.csv", "a.jsonl", "a.jsonl.gz", "a.parquet"]
)
def test_memory_does_not_grow_with_the_number_of_texts(tmp_path: Path, name: str) -> None:
    path = table(tmp_path / name)
    arrow_before = pa.total_allocated_bytes()
    arrow = 0
    tracemalloc.start()
    try:
        for count, _ in enumerate(stream_texts(path), start=1):
            if count % 1000 == 0:
                arrow = max(arrow, pa.total_allocated_bytes() - arrow_before)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == ROWS
    assert peak + arrow < 3_000_000  # all texts are 5 MB as bytes, and 6 MB as objects
