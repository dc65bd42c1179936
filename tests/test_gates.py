"""Where bounds come from: options, a TOML file, a baseline; and what is written about them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgebert.cli import main
from edgebert.drift import check
from edgebert.drift.checking import Baseline
from edgebert.drift.gate_file import read_gate_file
from edgebert.errors import GateError, InputError
from edgebert.measures import Thresholds
from edgebert.records.codec import write_json


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def config(folder: Path, table: str) -> Path:
    path = folder / "gate.toml"
    path.write_text(f"[tool.edgebert.check]\n{table}\n")
    return path


@pytest.mark.parametrize(
    ("table", "exit_code"), [("max-drift = 1e-9", 3), ("max_drift = 0.5\nmin-neighbours = 0", 0)]
)
def test_bounds_come_from_a_toml_file(
    table: str, exit_code: int, tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    result = run("check", tiny_bundle, tiny_int8, "--config", config(tmp_path, table))
    assert result.exit_code == exit_code, result.output


def test_an_option_goes_before_the_file(tiny_bundle: Path, tiny_int8: Path, tmp_path: Path) -> None:
    strict = config(tmp_path, "max-drift = 1e-9")
    result = run("check", tiny_bundle, tiny_int8, "--config", strict, "--max-drift", "0.5")
    assert result.exit_code == 0, result.output


def test_the_project_file_is_read_where_the_command_runs(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, "max-drift = 1e-9").rename(tmp_path / "pyproject.toml")
    monkeypatch.chdir(tmp_path)
    assert run("check", tiny_bundle, tiny_int8).exit_code == 3
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'without-bounds'\n")
    assert run("check", tiny_bundle, tiny_int8).exit_code == 0


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("max-dirft = 1", "unknown key 'max_dirft'; known are baseline"),
        ("max-drift = 'low'", "max_drift should be a number, not 'low'"),
        ("max-drift = true", "max_drift should be a number, not True"),
        ("baseline = 3", "baseline should be a file name, not 3"),
        ("max-drift = -1", "--max-drift -1 makes no sense: 0 to 2"),
        ("min-cosine = nan", "--min-cosine nan makes no sense: -1 to 1"),
        ("max-drift = ", "is not TOML"),
    ],
)
def test_a_table_that_makes_no_sense_is_told(table: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        read_gate_file(config(tmp_path, table))


def test_a_file_without_the_table_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("[tool.other]\n")
    with pytest.raises(InputError, match=r"has no \[tool.edgebert.check\]"):
        read_gate_file(path)


def test_a_baseline_beside_its_toml_file_is_found(tmp_path: Path) -> None:
    asked = read_gate_file(config(tmp_path, "baseline = 'last.json'\nmargin = 0.2"))
    assert asked.baseline == tmp_path / "last.json"
    assert asked.margin == 0.2


def test_a_build_no_worse_than_the_baseline_passes(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    write_json(check(tiny_bundle, tiny_int8), tmp_path / "last.json")
    record = check(tiny_bundle, tiny_int8, baseline=Baseline(tmp_path / "last.json"))
    assert record.passed
    assert record.baseline == str(tmp_path / "last.json")
    assert {gate.name for gate in record.gates} >= {"max_drift", "min_cosine", "min_neighbours"}


def test_a_build_worse_than_the_baseline_is_refused(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    write_json(check(tiny_bundle, tiny_bundle), tmp_path / "last.json")
    with pytest.raises(GateError, match=r"drift .* is above .* \(.*last.json\)") as caught:
        check(tiny_bundle, tiny_int8, baseline=Baseline(tmp_path / "last.json"))
    assert len(caught.value.record.failures) == 3  # drift, cosine, neighbours: each says no
    wide = Baseline(tmp_path / "last.json", margin=1e9)
    with pytest.raises(GateError):
        check(tiny_bundle, tiny_int8, baseline=wide)  # a share of nothing is nothing


def test_a_baseline_on_other_texts_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    write_json(check(tiny_bundle, tiny_bundle), tmp_path / "last.json")
    (tmp_path / "texts.txt").write_text("turn the lamp on\n")
    with pytest.raises(InputError, match="was measured on other texts"):
        check(
            tiny_bundle,
            tiny_bundle,
            tmp_path / "texts.txt",
            baseline=Baseline(tmp_path / "last.json"),
        )
    with pytest.raises(InputError, match="margin -1 makes no sense"):
        check(tiny_bundle, tiny_bundle, baseline=Baseline(tmp_path / "last.json", margin=-1))


def test_a_baseline_that_is_another_record_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "no.json").write_text('{"record": "bench", "format": 1}')
    with pytest.raises(InputError, match="is no check record"):
        check(tiny_bundle, tiny_bundle, baseline=Baseline(tmp_path / "no.json"))


def test_a_baseline_of_a_later_format_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    write_json(replace(check(tiny_bundle, tiny_bundle), format=2), tmp_path / "later.json")
    with pytest.raises(InputError, match="is a check record of format 2"):
        check(tiny_bundle, tiny_bundle, baseline=Baseline(tmp_path / "later.json"))


def test_a_margin_without_a_baseline_is_wrong_usage(tiny_bundle: Path) -> None:
    assert run("check", tiny_bundle, tiny_bundle, "--margin", "0.1").exit_code == 2


def test_every_failure_is_a_line_of_its_own(tiny_bundle: Path, tiny_int8: Path) -> None:
    result = run(
        "check", tiny_bundle, tiny_int8, "--max-drift", "1e-9", "--min-neighbours", "0.9999"
    )
    assert result.exit_code == 3
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert [line.split()[1] for line in errors] == ["drift", "neighbours"]


@pytest.mark.parametrize(("bound", "exit_code"), [("1e-9", 3), ("0.5", 0)])
def test_a_check_is_written_for_tools_and_people_whatever_it_says(
    bound: str, exit_code: int, tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    files = {
        option: tmp_path / f"check.{option}" for option in ("json", "junit", "markdown", "html")
    }
    options = [part for option, path in files.items() for part in (f"--{option}", path)]
    result = run("check", tiny_bundle, tiny_int8, "--max-drift", bound, *options)
    assert result.exit_code == exit_code, result.output
    suite = next(ET.parse(files["junit"]).getroot().iter("testsuite"))
    assert int(suite.attrib["failures"]) == (exit_code == 3)
    assert json.loads(files["json"].read_text())["passed"] is (exit_code == 0)
    assert "drift" in files["markdown"].read_text().lower()
    assert files["html"].read_text().startswith("<!doctype html>")


def test_a_page_that_exists_is_kept(tiny_bundle: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("mine")
    assert run("check", tiny_bundle, tiny_bundle, "--html", page).exit_code == 1
    assert page.read_text() == "mine"
    assert run("check", tiny_bundle, tiny_bundle, "--html", page, "--force").exit_code == 0


def test_parts_of_the_texts_are_looked_at(tiny_classifier_bundle: Path, tmp_path: Path) -> None:
    data = tmp_path / "dev.tsv"
    data.write_text(
        "text\tlabel\troom\nturn on\ton\thall\n关 灯\toff\thall\ntell anna\ttell\tbath\n"
    )
    record = check(
        tiny_classifier_bundle,
        tiny_classifier_bundle,
        data,
        slice_by=("length", "script", "room"),
    )
    parts = {(part.by, part.value): part for part in record.slices}
    assert parts["room", "hall"].n == 2
    assert parts["script", "Han"].n == 1
    assert sum(part.n for part in record.slices if part.by == "length") == 3
    metric = parts["room", "bath"].metric
    assert metric is not None
    assert metric.name == "accuracy"
    assert record.metric is not None
    weighted = [p.n * p.metric.reference for p in record.slices if p.by == "room" and p.metric]
    assert sum(weighted) / 3 == pytest.approx(record.metric.reference)


def test_a_column_that_is_not_there_is_named(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("text\troom\na\thall\n")
    with pytest.raises(InputError, match="room"):
        check(tiny_bundle, tiny_bundle, tmp_path / "t.tsv", slice_by=("rome",))


def test_thresholds_that_nothing_could_break_or_keep_are_refused() -> None:
    with pytest.raises(InputError, match="--min-cosine 2 makes no sense"):
        Thresholds(min_cosine=2.0)
    with pytest.raises(InputError, match="--max-flips nan makes no sense"):
        Thresholds(max_flips=float("nan"))
