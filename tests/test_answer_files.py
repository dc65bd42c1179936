"""Files of answers: every format holds every row, bit for bit, in memory that does not grow."""

from __future__ import annotations

import csv
import json
import tracemalloc
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgebert.answer_files import Columns, check_output, open_layout, write_answers
from edgebert.answer_files.rows import Row, answer_row, to_json
from edgebert.data import Text, stream_texts
from edgebert.errors import InputError, OutputError
from edgebert.records import manifest
from edgebert.references.saved import SavedOutputs
from edgebert.runtimes import Answer, Classification, Entity, Fill
from edgebert.tasks import Task, task_of

EMBEDDINGS = task_of(manifest.EMBEDDINGS)
TEXT_CLASSIFICATION = task_of(manifest.TEXT_CLASSIFICATION)
TOKEN_CLASSIFICATION = task_of(manifest.TOKEN_CLASSIFICATION)
FILL_MASK = task_of(manifest.FILL_MASK)
QUESTION_ANSWERING = task_of(manifest.QUESTION_ANSWERING)

TEXTS = (
    "a lamp",
    "",
    ' "quoted", 灯\t',
    "line\nfeed",
    "carriage\rreturn",
    "both\r\n",
    "NUL\x00",
    "🇨🇭",
)
SCORES = {"on": 0.1 + 0.2, 'o,"ff': 1e-12, "灯": 0.7}
ENTITIES = [Entity("Anna", "PER", 0.25, 0, 4), Entity("灯", "LOC", 1 / 3, 6, 7)]


def vectors(count: int, width: int = 16) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Numbers of every size that a float32 can have, and their negatives."""
    generator = np.random.default_rng(3)
    values = generator.normal(size=(count, width)) * 10.0 ** generator.integers(
        -40, 30, (count, width)
    )
    return values.astype(np.float32)


def embeddings() -> tuple[Columns, list[Row]]:
    found = vectors(len(TEXTS))
    return Columns(EMBEDDINGS, width=16), list(map(partial(answer_row, EMBEDDINGS), TEXTS, found))


def classifications(*, multi_label: bool = False, pairs: bool = False) -> tuple[Columns, list[Row]]:
    texts: Sequence[Text] = [(text, "other") for text in TEXTS] if pairs else TEXTS
    answer = Classification("灯", 0.7, SCORES, ("灯", "on") if multi_label else None)
    columns = Columns(
        TEXT_CLASSIFICATION, pairs=pairs, labels=tuple(SCORES), multi_label=multi_label
    )
    return columns, [answer_row(TEXT_CLASSIFICATION, text, answer) for text in texts]


def entities() -> tuple[Columns, list[Row]]:
    found = [ENTITIES if text else [] for text in TEXTS]
    return Columns(TOKEN_CLASSIFICATION), list(
        map(partial(answer_row, TOKEN_CLASSIFICATION), TEXTS, found)
    )


def answers() -> tuple[Columns, list[Row]]:
    rows = [
        answer_row(QUESTION_ANSWERING, (text, "context"), Answer(text, 1 / 3, 3, 12))
        for text in TEXTS
    ]
    return Columns(QUESTION_ANSWERING, pairs=True), rows


def fills() -> tuple[Columns, list[Row]]:
    found = [[Fill(" 灯", 7, 1 / 3, text, mask) for mask in range(2)] for text in TEXTS]
    return Columns(FILL_MASK), list(map(partial(answer_row, FILL_MASK), TEXTS, found))


ALL = {
    "embeddings": embeddings(),
    "classes": classifications(),
    "several labels": classifications(multi_label=True),
    "pairs": classifications(pairs=True),
    "entities": entities(),
    "answers": answers(),
    "fills": fills(),
}
ROWS = pytest.mark.parametrize(("columns", "rows"), ALL.values(), ids=list(ALL))


def write(path: Path, columns: Columns, rows: list[Row]) -> Path:
    write_answers(path, iter(rows), open_layout(path, columns))
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return path


def plain(value: Any) -> Any:
    """Tuples as lists and arrays as their numbers, as JSON gives them back."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def as_float32(row: Row) -> Row:
    if "embedding" not in row:
        return row
    return row | {"embedding": np.asarray(row["embedding"], np.float32).tolist()}


# what is in the files


@ROWS
def test_jsonl_gives_every_row_back(tmp_path: Path, columns: Columns, rows: list[Row]) -> None:
    path = write(tmp_path / "a.jsonl", columns, rows)
    found = [json.loads(line) for line in path.read_bytes().decode().split("\n")[:-1]]
    assert [as_float32(row) for row in found] == plain(rows)
    assert [list(row) for row in found] == [list(row) for row in rows]  # in this order


@ROWS
def test_csv_gives_every_row_back(tmp_path: Path, columns: Columns, rows: list[Row]) -> None:
    path = write(tmp_path / "a.csv", columns, rows)
    with path.open(newline="", encoding="utf-8") as stream:
        header, *found = csv.reader(stream)
    assert tuple(header) == columns.names
    for cells, row in zip(found, rows, strict=True):
        expected = dict(zip(columns.names, plain(columns.cells(row)), strict=True))
        for name, cell in zip(header, cells, strict=True):
            text = name in ("text", "text_pair", "label", "answer")
            read = as_float32({name: cell if text else json.loads(cell)})
            assert read == {name: expected[name]}


@ROWS
def test_parquet_gives_every_row_back(tmp_path: Path, columns: Columns, rows: list[Row]) -> None:
    table = pq.read_table(write(tmp_path / "a.parquet", columns, rows))
    assert tuple(table.column_names) == columns.names
    expected = [dict(zip(columns.names, plain(columns.cells(row)), strict=True)) for row in rows]
    assert table.to_pylist() == expected


def test_parquet_columns_have_the_types_of_what_they_hold(tmp_path: Path) -> None:
    types: dict[str, Any] = {}
    for number, (columns, rows) in enumerate(ALL.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        schema = pq.read_schema(write(folder / "a.parquet", columns, rows))
        types |= {field.name: field.type for field in schema}
    score, text = pa.float64(), pa.string()
    entity = [
        ("text", text),
        ("label", text),
        ("score", score),
        ("start", pa.int64()),
        ("end", pa.int64()),
    ]
    fill = [
        ("token", text),
        ("id", pa.int64()),
        ("score", score),
        ("text", text),
        ("mask", pa.int64()),
    ]
    assert types == {
        "text": text,
        "text_pair": text,
        "embedding": pa.list_(pa.field("element", pa.float32())),
        "label": text,
        "score": score,
        "scores": pa.struct([(label, score) for label in SCORES]),
        "labels": pa.list_(pa.field("element", text)),
        "entities": pa.list_(pa.field("element", pa.struct(entity))),
        "answer": text,
        "start": pa.int64(),
        "end": pa.int64(),
        "fills": pa.list_(pa.field("element", pa.struct(fill))),
    }


@pytest.mark.parametrize("count", [0, 1, 9, 10, 12_345])
def test_npy_is_what_numpy_would_save(tmp_path: Path, count: int) -> None:
    found = vectors(count, 3)
    rows = [answer_row(EMBEDDINGS, "a", vector) for vector in found]
    path = write(tmp_path / "a.npy", Columns(EMBEDDINGS, width=3), rows)
    np.save(tmp_path / "b.npy", found, allow_pickle=False)
    assert path.read_bytes() == (tmp_path / "b.npy").read_bytes()


@pytest.mark.parametrize("ending", ["jsonl", "csv", "npy", "parquet"])
def test_no_rows_give_a_file_that_can_be_read(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / f"a.{ending}", Columns(EMBEDDINGS, width=3), [])
    if ending == "npy":
        assert np.load(path).shape == (0, 3)
    elif ending == "parquet":
        assert pq.read_table(path).num_rows == 0
    else:
        assert path.read_text() == ("" if ending == "jsonl" else '"text","embedding"\n')


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("name", ["classes", "pairs", "embeddings"])
def test_what_is_written_can_be_given_as_texts_again(
    tmp_path: Path, name: str, ending: str
) -> None:
    columns, rows = ALL[name]
    path = write(tmp_path / f"a.{ending}", columns, rows)
    if ending == "jsonl" and name == "pairs":  # whose text is a list of two
        with pytest.raises(InputError, match="'text' should be text, not list"):
            list(stream_texts(path))
        return
    texts = [row["text"] for row in rows]
    if ending == "csv":  # its reader takes \r\n for the end of a line, in a cell too
        texts = [
            t.replace("\r\n", "\n") if isinstance(t, str) else (t[0].replace("\r\n", "\n"), t[1])
            for t in texts
        ]
    assert list(stream_texts(path)) == texts


@pytest.mark.parametrize("name", [name for name in ALL if name != "fills"])  # it has no measure
def test_check_reads_what_is_written_as_jsonl(tmp_path: Path, name: str) -> None:
    columns, rows = ALL[name]
    saved = SavedOutputs(write(tmp_path / "a.jsonl", columns, rows))
    texts = [row["text"] for row in rows]
    assert (saved.task, saved.texts) == (columns.task.name, tuple(texts))
    if columns.task == EMBEDDINGS:
        found = saved.outputs(texts)
        assert found is not None
        assert np.array_equal(np.stack(found), np.stack([row["embedding"] for row in rows]))


def test_nine_digits_give_every_float32_back() -> None:
    generator = np.random.default_rng(5)
    bits = generator.integers(0, 2**32, 100_000, dtype=np.uint64).astype(np.uint32)
    values = bits.view(np.float32)
    corners = np.asarray([0, -0.0, 1e-45, 3.4e38, 16777217, 1], np.float32)
    values = np.append(values[np.isfinite(values)], corners)
    assert np.array_equal(np.asarray(json.loads(to_json(values)), np.float32), values)


# how they are written


@pytest.mark.parametrize("count", [1, 255, 256, 4096, 5000])
def test_parquet_has_row_groups_of_a_fixed_size(tmp_path: Path, count: int) -> None:
    rows = [
        answer_row(EMBEDDINGS, str(number), vector)
        for number, vector in enumerate(vectors(count, 2))
    ]
    path = write(tmp_path / "a.parquet", Columns(EMBEDDINGS, width=2), rows)
    file = pq.ParquetFile(path)
    sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert sizes == [4096] * (count // 4096) + [count % 4096] * (count % 4096 > 0)
    assert file.read()["text"].to_pylist() == [row["text"] for row in rows]


def test_parquet_does_not_tell_when_its_rows_came(tmp_path: Path) -> None:
    rows = [
        answer_row(EMBEDDINGS, str(number), vector)
        for number, vector in enumerate(vectors(9000, 2))
    ]
    columns = Columns(EMBEDDINGS, width=2)
    expected = write(tmp_path / "a.parquet", columns, rows).read_bytes()
    for seed in range(3):
        pauses = np.random.default_rng(seed).random(len(rows)) < 0.01
        layout = open_layout(tmp_path / "b.parquet", columns)
        with (tmp_path / "spool").open("wb") as spool:
            spool.write(layout.start())
            for row, pause in zip(rows, pauses, strict=True):
                spool.write(layout.add(row) + (layout.settle() if pause else b""))
            spool.write(layout.settle())
        layout.finish(tmp_path / "spool", tmp_path / "b.parquet")
        assert (tmp_path / "b.parquet").read_bytes() == expected
        assert not (tmp_path / "spool").exists()


class ArrowPeak:
    """The most that Arrow holds whenever it is looked at."""

    def __init__(self) -> None:
        self.before = pa.total_allocated_bytes()
        self.bytes = 0

    def look(self) -> None:
        self.bytes = max(self.bytes, pa.total_allocated_bytes() - self.before)


def peak_bytes(path: Path, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """The most that is in memory, of Python and of Arrow, while so many rows are written."""
    generator, arrow = np.random.default_rng(1), ArrowPeak()

    def rows() -> Iterator[Row]:
        for number in range(count):
            yield answer_row(EMBEDDINGS, f"{number:050}", generator.random(64, np.float32))
            arrow.look()

    write_table = pq.ParquetWriter.write_table

    def looked_at(*arguments: Any, **options: Any) -> None:
        write_table(*arguments, **options)
        arrow.look()

    layout = open_layout(path, Columns(EMBEDDINGS, width=64))
    tracemalloc.start()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(pq.ParquetWriter, "write_table", looked_at)
            write_answers(path, rows(), layout, force=True)
        return tracemalloc.get_traced_memory()[1] + arrow.bytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ending", ["jsonl", "csv", "npy", "parquet"])
def test_memory_does_not_grow_with_the_number_of_rows(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"a.{ending}"
    few = peak_bytes(path, 6_000, monkeypatch)
    many = peak_bytes(path, 18_000, monkeypatch)
    assert many < 1.1 * few + 50_000


@pytest.mark.parametrize("ending", ["jsonl", "csv", "npy", "parquet"])
def test_a_row_that_fails_leaves_nothing(tmp_path: Path, ending: str) -> None:
    columns, rows = ALL["embeddings"]
    path = tmp_path / f"a.{ending}"

    def failing() -> Iterator[Row]:
        yield from rows
        raise InputError("line 9: no")

    with pytest.raises(InputError, match="line 9: no"):
        write_answers(path, failing(), open_layout(path, columns))
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    with pytest.raises(InputError):
        write_answers(path, failing(), open_layout(path, columns), force=True)
    assert path.read_text() == "old"
    with pytest.raises(OutputError, match="exists"):
        write_answers(path, iter(rows), open_layout(path, columns))


@pytest.mark.parametrize("name", ["a.txt", "a", "a.json", "a.jsonl.gz", "a.xlsx"])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_output(Path(name), EMBEDDINGS)
    expected = f"{name}: expected a name that ends in .jsonl, .csv, .npy or .parquet"
    assert str(caught.value) == expected


@pytest.mark.parametrize("task", [TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION])
def test_npy_is_for_embeddings_only(task: Task) -> None:
    with pytest.raises(InputError) as caught:
        check_output(Path("a.npy"), task)
    expected = "a.npy: only embeddings fit into .npy; choose .jsonl, .csv or .parquet"
    assert str(caught.value) == expected
    for name in ("a.jsonl", "a.csv", "A.PARQUET"):
        check_output(Path(name), task)
