"""What the first version wrote, this one reads: see fixtures/make_format_1.py."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from bundle_answers import TEXTS, answers_of
from click.testing import CliRunner
from near_answers import require_near

import edgebert
from edgebert.cli import main
from edgebert.errors import InputError
from edgebert.machine import installed_versions, this_machine
from edgebert.records.codec import to_dict
from edgebert.report.junit import render_junit
from edgebert.report.read import read_record

FORMAT_1 = Path(__file__).parent / "fixtures" / "format_1"
BUNDLES, RECORDS, SAVED = (FORMAT_1 / name for name in ("bundles", "records", "saved"))

EVERY_BUNDLE = sorted(path.name for path in BUNDLES.iterdir())
EVERY_RECORD = sorted(path.name for path in RECORDS.iterdir())
ENDINGS = pytest.mark.parametrize("ending", ["jsonl", "csv", "npy", "parquet"])

SAME_ROUNDING = 1e-4
"""Relative distance below which int8 was rounded alike everywhere: what is decided is decided so."""


def run(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def distance(found: Any, saved: Any) -> float:
    """||found - saved|| / ||saved|| of arrays that are ragged in their first axis."""
    assert len(found) == len(saved)
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(found, saved, strict=True)]
    assert all(a.shape == b.shape for a, b in pairs)
    off = sum(float(np.sum((a - b) ** 2)) for a, b in pairs)
    return float(np.sqrt(off / sum(float(np.sum(b**2)) for _, b in pairs)))


def test_the_fixtures_are_all_there() -> None:
    tasks = [read(BUNDLES / name / "manifest.json")["task"] for name in EVERY_BUNDLE]
    assert (len(tasks), len(set(tasks))) == (12, 5)
    assert {read(RECORDS / name)["record"] for name in EVERY_RECORD} == {
        *("check", "bench", "quantize", "export", "optimize"),
        *("inspect", "doctor", "training", "diff", "tune"),
    }


@pytest.mark.parametrize("name", EVERY_BUNDLE)
def test_a_bundle_gives_the_answers_that_it_gave(name: str) -> None:
    with edgebert.load(BUNDLES / name, verify=True) as model:
        found = answers_of(model)
    saved = read(FORMAT_1 / "answers" / f"{name}.json")
    assert found.keys() == saved.keys()
    tolerance = read(BUNDLES / name / "golden.json")["texts"][0]["tolerance"]["expected"]
    off = distance(found.pop("outputs"), saved.pop("outputs"))
    assert off <= tolerance
    for call in ("embed in int8", "embed in bits"):  # a last digit, a sign of what is nearly zero
        other = np.not_equal(found.pop(call, []), saved.pop(call, []))
        assert other.sum() <= other.size / 10
    if off <= SAME_ROUNDING:
        require_near(found, saved, 100 * SAME_ROUNDING, name)


@pytest.mark.parametrize("name", EVERY_BUNDLE)
def test_doctor_finds_a_bundle_well(name: str, tmp_path: Path) -> None:
    run("doctor", BUNDLES / name, "--json", tmp_path / "doctor.json")
    record = read(tmp_path / "doctor.json")
    assert record["passed"]
    assert any("golden" in check["name"] for check in record["checks"])


@pytest.mark.parametrize("name", EVERY_BUNDLE)
def test_inspect_tells_what_a_bundle_holds(name: str) -> None:
    assert "MatMul" in run("inspect", BUNDLES / name)


def test_a_float_bundle_becomes_int8(tmp_path: Path) -> None:
    run("quantize", BUNDLES / "tagger", "-o", tmp_path / "int8", "--scheme", "token")
    run("check", BUNDLES / "tagger", tmp_path / "int8", "--max-flips", "0.5")


# records


@pytest.mark.parametrize("name", EVERY_RECORD)
def test_a_record_is_read_with_all_that_it_says(name: str) -> None:
    saved = read(RECORDS / name)
    found = to_dict(read_record(RECORDS / name))
    assert without_later_keys(found, saved) == saved


def without_later_keys(found: Any, saved: Any) -> Any:
    """What is found of a saved value, at any depth, but for keys that the first version had not."""
    if isinstance(saved, dict):
        return {key: without_later_keys(found[key], saved[key]) for key in saved}
    if isinstance(saved, list):
        return [without_later_keys(*pair) for pair in zip(found, saved, strict=True)]
    return found


@pytest.mark.parametrize("name", EVERY_RECORD)
def test_a_record_is_printed(name: str) -> None:
    told = run("report", RECORDS / name, "--markdown", "-")
    assert told.startswith("### ")
    assert ("✗" in told) != read(RECORDS / name).get("passed", True)


def test_all_records_make_one_page(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    run("report", *(RECORDS / name for name in EVERY_RECORD), "-o", page)
    told = page.read_text(encoding="utf-8")
    names = ("embedder-int8", "filler", "pretrained", "fused.onnx", "damaged")
    assert [name for name in names if name not in told] == []


@pytest.mark.parametrize("name", [name for name in EVERY_RECORD if name.startswith("diff")])
def test_two_records_differ_as_they_did(name: str, tmp_path: Path) -> None:
    saved, again = read(RECORDS / name), tmp_path / "again.json"
    sides = (FORMAT_1 / saved["before"], FORMAT_1 / saved["after"])
    run("report", "--diff", *sides, "--json", again)
    assert read(again)["changes"] == saved["changes"]


@pytest.mark.parametrize("name", [name for name in EVERY_RECORD if name.startswith("check")])
def test_a_check_becomes_junit(name: str) -> None:
    record: Any = read_record(RECORDS / name)
    suite = ET.fromstring(render_junit(record))
    assert (suite.get("failures") == "0") == record.passed


def test_a_check_is_held_to_an_earlier_one() -> None:
    sides = (BUNDLES / "embedder", BUNDLES / "embedder-int8")
    told = run("check", *sides, "--baseline", RECORDS / "check-built-in.json")
    assert "check-built-in.json" in told


# files of answers


@pytest.fixture(scope="module")
def embedder() -> Iterator[Any]:
    with edgebert.load(BUNDLES / "embedder") as model:
        yield model


def order(model: Any, corpus: Path) -> list[int]:
    return [hit.index for hit in model.search(TEXTS[0], corpus, k=5)]


@ENDINGS
def test_saved_vectors_are_searched(ending: str, embedder: Any) -> None:
    assert order(embedder, SAVED / f"vectors.{ending}") == order(embedder, SAVED / "texts.txt")


def test_vectors_made_with_a_prompt_are_known_by_it(embedder: Any) -> None:
    with pytest.raises(InputError, match="was made with prompt 'query'"):
        embedder.search(TEXTS[0], SAVED / "queries.jsonl")


@ENDINGS
def test_vectors_of_another_model_are_refused(ending: str) -> None:
    with (
        edgebert.load(BUNDLES / "embedder-int8") as other,
        pytest.raises(InputError, match="was made by fp32-"),
    ):
        other.search(TEXTS[0], SAVED / f"vectors.{ending}")


@pytest.mark.parametrize(
    ("saved", "name"),
    [
        ("vectors", "embedder"),
        ("labels", "classifier"),
        ("several-labels", "multi-label"),
        ("entities", "tagger"),
    ],
)
def test_saved_answers_are_a_side_of_a_check(saved: str, name: str, tmp_path: Path) -> None:
    record = tmp_path / "check.json"
    run("check", SAVED / f"{saved}.jsonl", BUNDLES / name, "--json", record)
    assert read(record)["passed"]
    assert read(record)["distance_mean"] < 1e-4


@ENDINGS
def test_a_killed_run_is_gone_on_with(ending: str, embedder: Any, tmp_path: Path) -> None:
    part = tmp_path / f"vectors.{ending}.part"
    shutil.copytree(SAVED / f"unfinished.{ending}.part", part)
    _as_if_begun_here(part / "journal.json")
    vectors = tmp_path / f"vectors.{ending}"
    both = ("--input", SAVED / "texts.txt", "--output", vectors)
    told = run("embed", BUNDLES / "embedder", *both, "--resume")
    assert "Going on after 3 of 5 texts." in told
    assert not part.exists()
    assert order(embedder, vectors) == order(embedder, SAVED / "texts.txt")


def _as_if_begun_here(journal: Path) -> None:
    """Only the same versions on the same kind of CPU go on with a run."""
    said = read(journal)
    installed = installed_versions()
    here = {name: v for name, v in installed.items() if name.startswith("onnxruntime")}
    here |= {"CPU": this_machine().cpu_and_class, "edgebert": edgebert.__version__}
    kept = {name: v for name, v in said["run"].items() if not name.startswith("onnxruntime")}
    said["run"] = kept | here | {"tokenizers": installed["tokenizers"]}
    journal.write_text(json.dumps(said), encoding="utf-8")
