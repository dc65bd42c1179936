"""Parquet files are tables like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgebert.data import Columns, read_examples, stream_texts
from edgebert.errors import InputError

ROOT = Path(__file__).parent.parent


def write(path: Path, *, row_group_size: int | None = None, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=row_group_size)
    return path


def complaint(path: Path, *, columns: Columns | None = None) -> str:
    """What reading a bad file says after its path, read whole or one by one."""
    with pytest.raises(InputError) as whole:
        read_examples(path, columns=columns)
    with pytest.raises(InputError) as stream:
        list(stream_texts(path, columns=columns))
    assert str(whole.value) == str(stream.value)
    assert "\n" not in str(whole.value)
    return str(whole.value).removeprefix(str(path))


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
)
def test_texts_are_read_from_every_kind_of_string(tmp_path: Path, kind: Any) -> None:
    texts = ["a lamp", "", "灯\n\r\x00", "a lamp"]
    path = write(tmp_path / "a.parquet", id=[1, 2, 3, 4], sentence=pa.array(texts, kind))
    assert list(stream_texts(path)) == texts
    assert list(read_examples(path).texts) == texts


def test_texts_are_read_across_row_groups(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(1000)]
    path = write(tmp_path / "a.parquet", row_group_size=7, text=texts)
    assert list(stream_texts(path)) == texts


def test_pairs_labels_and_scores_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.parquet",
        sentence1=["a", "c"],
        sentence2=["b", "d"],
        score=[1, 2],
        label=[7, 8],
    )
    assert list(stream_texts(path)) == [("a", "b"), ("c", "d")]
    examples = read_examples(path)
    assert examples.texts == (("a", "b"), ("c", "d"))
    assert (examples.scores, examples.labels) == ((1.0, 2.0), (("7",), ("8",)))
    assert examples.where(1) == f"{path}, row 2"


def test_tokens_and_tags_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", tokens=[["in", "Oslo"]], tags=[["O", "B-LOC"]])
    assert list(stream_texts(path)) == ["in Oslo"]
    ((span,),) = read_examples(path).require_entities()
    assert (span.start, span.end, span.label) == (3, 7, "LOC")


def test_columns_that_are_not_asked_for_are_not_read(tmp_path: Path) -> None:
    broken = pa.array([b"na\xefve"]).view(pa.string())
    path = write(tmp_path / "a.parquet", text=["fine"], other=broken)
    assert list(stream_texts(path)) == ["fine"]
    assert list(stream_texts(path, columns=Columns("text"))) == ["fine"]


def test_a_missing_column_is_told_with_those_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", sentense=["a"], label=[1])
    assert complaint(path).startswith(
        ": no column named 'text' or 'sentence'; columns found: sentense, label. "
    )
    told = complaint(path, columns=Columns("name"))
    assert told == ": no column named 'name'; columns found: sentense, label"


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["a", None], ", row 2: no 'text'"),
        ([1, 2], ", row 1: 'text' should be text, not int"),
        ([b"a", b"b"], ", row 1: 'text' should be text, not bytes"),
        ([["a"], ["b"]], ", row 1: 'text' should be text, not list"),
        (pa.array([b"a", b"na\xefve"]).view(pa.string()), ", row 2: this is not UTF-8 text"),
    ],
)
def test_a_bad_row_is_told_with_its_number(tmp_path: Path, cells: Any, told: str) -> None:
    assert complaint(write(tmp_path / "a.parquet", text=cells)) == told


def test_a_bad_row_is_counted_across_batches(tmp_path: Path) -> None:
    cells = [*["fine"] * 700, None]
    assert complaint(write(tmp_path / "a.parquet", text=cells)) == ", row 701: no 'text'"


def test_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    pq.write_table(pa.table([["a"], ["b"]], names=["text", "text"]), tmp_path / "a.parquet")
    assert complaint(tmp_path / "a.parquet") == ": two columns are named 'text'"


def test_a_file_that_is_damaged_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", text=[f"text {number}" for number in range(5000)])
    whole = path.read_bytes()
    for damaged in (b"", b"text\na\n", whole[:-100], whole[:1000] + bytes(2000) + whole[3000:]):
        path.write_bytes(damaged)
        assert complaint(path).startswith(" cannot be read: ")


def test_a_file_without_rows_holds_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", text=pa.array([], pa.string()))
    assert list(stream_texts(path)) == []
    with pytest.raises(InputError, match=r"a\.parquet holds no text"):
        read_examples(path)


def test_a_gzipped_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet.gz", text=["a"])
    assert complaint(path) == (": a .parquet file is compressed inside; it cannot be gzipped too")


def test_without_pyarrow_the_extra_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", text=["a"])
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from pathlib import Path; from edgebert.data import read_examples\n"
        "read_examples(Path(sys.argv[1]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert run.stderr.splitlines()[-1] == (
        f"edgebert.errors.MissingExtra: reading {path} needs more packages: "
        "pip install 'edgebert[tables]'"
    )
