"""edgebert translate: what Python translates, from arguments, files, stdin and folders."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from edgebert.answer_files import resuming
from edgebert.cli import main
from edgebert.data.makers import KEY
from edgebert.runtimes import Model, load

TEXTS = [
    "turn the lamp on",
    "",
    "anna is late. ben was in berlin!",
    "?! ... --",
    "北京的灯",
    "the fan is off " * 40,
    "café\t☃ {name} 42",
]
"""Plain, empty, of two sentences, only symbols, of another script, over-long, with what has no piece."""


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    Path("texts.jsonl").write_text(rows, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def model(tiny_translator_bundle: Path) -> Model:
    return load(tiny_translator_bundle)


def call(*arguments: object, stdin: str | None = None) -> Result:
    words = ["translate", *map(str, arguments)]
    return CliRunner().invoke(main, words, input=stdin, prog_name="edgebert")


def lines(result: Result) -> list[dict[str, Any]]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.split("\n") if line]


def complaint(*arguments: object, code: int = 1) -> str:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    return result.stderr.splitlines()[-1].removeprefix("Error: ")


def expected(model: Model, **options: Any) -> list[dict[str, Any]]:
    """The rows of all texts, by what the library gives."""
    rows = []
    for text, found in zip(TEXTS, model.translate(TEXTS, **options), strict=True):
        row: dict[str, Any] = {"text": text, "translation": found.text, "score": found.score}
        if found.others is not None:
            best = {"text": found.text, "score": found.score}
            row["candidates"] = [best, *map(asdict, found.others)]
        rows.append(row)
    return rows


# what is answered


def test_texts_are_translated_as_the_library_does(model: Model) -> None:
    path = model.bundle.path
    rows = expected(model)
    assert lines(call(path, "--", *TEXTS)) == rows
    assert lines(call(path, "--input", "texts.jsonl")) == rows
    one_line = [text.replace("\n", " ") for text in TEXTS]
    assert lines(call(path, "--input", "-", stdin="\n".join(one_line) + "\n")) == rows


def test_options_reach_the_search(model: Model) -> None:
    path = model.bundle.path
    asked = ("--beam", 3, "--n-best", 2, "--length-penalty", 0.5, "--max-length", 4)
    rows = lines(call(path, *asked, "--input", "texts.jsonl"))
    assert rows == expected(model, beam=3, n_best=2, length_penalty=0.5, max_length=4)
    assert rows != expected(model, beam=3, n_best=2)
    assert [candidate["score"] for candidate in rows[0]["candidates"]] == sorted(
        (candidate["score"] for candidate in rows[0]["candidates"]), reverse=True
    )


@pytest.mark.parametrize("more", [[], ["--beam", "2", "--n-best", "2"]])
def test_every_format_holds_the_same(model: Model, more: list[str]) -> None:
    options: dict[str, Any] = {"beam": 2, "n_best": 2} if more else {}
    rows = expected(model, **options)
    maker = str(model.made_by(**options))
    for ending in ("jsonl", "csv", "parquet"):
        result = call(model.bundle.path, "--input", "texts.jsonl", "-o", f"out.{ending}", *more)
        assert lines(result) == []
    written = [json.loads(line) for line in Path("out.jsonl").read_text("utf-8").splitlines()]
    assert written == [row | {KEY: maker} for row in rows]
    assert pq.read_table("out.parquet").to_pylist() == rows
    assert pq.read_schema("out.parquet").metadata[KEY.encode()].decode() == maker
    with Path("out.csv").open(encoding="utf-8", newline="") as stream:
        cells = list(csv.DictReader(stream))
    for cell, row in zip(cells, rows, strict=True):
        assert (cell["text"], cell["translation"]) == (row["text"], row["translation"])
        assert float(cell["score"]) == row["score"]
        assert json.loads(cell.get("candidates", "null")) == row.get("candidates")


def test_a_beam_is_told_by_the_fingerprint_and_its_usual_value_is_not(model: Model) -> None:
    plain = model.fingerprint
    writing = model.manifest.writing
    assert writing is not None
    usual: dict[str, Any] = {
        "beam": 1,
        "n_best": 1,
        "length_penalty": writing.length_penalty,
        "max_length": None,
    }
    assert str(model.made_by(**usual)) == plain
    assert str(model.made_by(beam=4)) != plain
    assert str(model.made_by(max_length=9)) not in (plain, str(model.made_by(beam=4)))


# runs that are broken off, and those of many files


class Stopped(Exception):  # noqa: N818 - no error: what a kill looks like from inside
    pass


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every answer be safe on disk, and the run end as if killed after the third."""
    monkeypatch.setattr(resuming, "_SECONDS_BETWEEN_SAFE_POINTS", 0.0)
    settled = resuming.ResumedFile._settle

    def settle(file: Any, stream: Any, layout: Any, texts: int) -> None:
        settled(file, stream, layout, texts)
        if texts == 3:
            raise Stopped

    monkeypatch.setattr(resuming.ResumedFile, "_settle", settle)


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
def test_a_run_that_was_broken_off_ends_with_the_same_bytes(
    model: Model, ending: str, stopping: None, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (model.bundle.path, "--input", "texts.jsonl", "--beam", 2)
    lines(call(*command, "-o", f"whole.{ending}"))
    resumed = (*command, "-o", f"out.{ending}", "--resume")
    assert isinstance(call(*resumed).exception, Stopped)
    assert not Path(f"out.{ending}").exists()
    monkeypatch.undo()
    monkeypatch.chdir(work)
    told = complaint(*command[:3], "--beam", 3, *resumed[5:])
    assert "its --beam was 2, now 3" in told
    result = call(*resumed)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"Going on after 3 of {len(TEXTS)} texts.\n"
    assert Path(f"out.{ending}").read_bytes() == Path(f"whole.{ending}").read_bytes()


def test_files_of_a_folder_are_shared_out(
    model: Model, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgebert.bulk.planning._TEXTS_IN_A_SHARD", 2)
    Path("in").mkdir()
    for name in ("a", "b"):
        Path(f"in/{name}.jsonl").write_bytes(Path("texts.jsonl").read_bytes())
    options = ("--beam", 2, "--n-best", 2)
    lines(call(model.bundle.path, "--input", "texts.jsonl", "-o", "one.jsonl", *options))
    for share in ("2/2", "1/2"):
        command = (model.bundle.path, "--input", "in", "-o", "out", *options, "--shards", share)
        assert call(*command).exit_code == 0
    assert Path("out/a.jsonl").read_bytes() == Path("one.jsonl").read_bytes()
    assert Path("out/b.jsonl").read_bytes() == Path("one.jsonl").read_bytes()
    told = complaint(model.bundle.path, "--input", "in", "-o", "out", "--beam", 2)
    assert "its --n-best was 2, now 1" in told


# what is refused, in one line


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["a", "--max-length", "0"], 2, "0 is not in the range x>=1"),
        (["a", "--beam", "0"], 2, "0 is not in the range x>=1"),
        (["a", "--n-best", "3", "--beam", "2"], 2, "--n-best 3 needs --beam 3 or more"),
        (["a", "--length-penalty", "nan"], 2, "is not a finite number"),
        (["a", "--beam", "100000"], 1, "beam"),
        (["a", "-o", "out.npy"], 1, "only embeddings fit into .npy"),
        (["--input", "pairs.tsv"], 1, "holds pairs of texts; name one column with --text-column"),
    ],
)
def test_what_cannot_be_translated_is_told(
    tiny_translator_bundle: Path, arguments: list[str], code: int, told: str
) -> None:
    Path("pairs.tsv").write_text("source\ttarget\nanna\tben\n")
    assert told in complaint(tiny_translator_bundle, *arguments, code=code)


def test_a_column_of_pairs_is_translated(model: Model) -> None:
    Path("pairs.tsv").write_text("source\ttarget\nanna is late\tben\n")
    (row,) = lines(call(model.bundle.path, "--input", "pairs.tsv", "--text-column", "source"))
    assert row["translation"] == model.translate("anna is late").text


def test_a_bundle_of_another_task_is_told(tiny_bundle: Path) -> None:
    told = "is a feature-extraction bundle; translate needs one for translation"
    assert complaint(tiny_bundle, "a").endswith(told)
    assert complaint(tiny_bundle, "--input", "texts.jsonl", "-o", "out.csv").endswith(told)
    Path("in").mkdir()
    Path("in/a.txt").write_text("a\n")
    assert complaint(tiny_bundle, "--input", "in", "-o", "out").endswith(told)
