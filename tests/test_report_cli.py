"""`edgebert report`: what it writes where, and when it says no."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from record_samples import BENCH, CHECK, DOCTOR

from edgebert.cli import main
from edgebert.records.codec import write_json


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with records: b.json took twice as long as a.json."""
    slow = tuple(replace(r, p50_ms=2 * r.p50_ms) for r in BENCH.results)
    records = {"a": BENCH, "b": replace(BENCH, results=slow), "check": CHECK, "doctor": DOCTOR}
    for name, record in records.items():
        write_json(record, tmp_path / f"{name}.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def report(arguments: str) -> Result:
    return CliRunner().invoke(main, ["report", *arguments.split()], prog_name="edgebert")


def test_page_and_markdown_are_named_on_stdout(work: Path) -> None:
    result = report("check.json a.json -o page.html --markdown comment.md")
    assert (result.exit_code, result.stdout) == (0, "comment.md\npage.html\n")
    assert (work / "page.html").read_text("utf-8").startswith("<!doctype html>")
    assert (work / "comment.md").read_text("utf-8").startswith("### ✓ The gate passed")


def test_markdown_alone_is_printed_and_nothing_else(work: Path) -> None:
    result = report("check.json --markdown - -o page.html")
    assert result.stdout.startswith("### ✓ The gate passed")
    assert "page.html" not in result.stdout
    assert "page.html" in result.stderr


def test_a_page_of_a_failed_record_is_written_all_the_same(work: Path) -> None:
    assert report("doctor.json -o page.html").exit_code == 0
    assert (work / "page.html").exists()


def test_a_difference_without_bounds_is_a_table(work: Path) -> None:
    result = report("--diff a.json b.json")
    assert result.exit_code == 0
    assert "2.000×" in result.stdout
    assert "no bounds were set" in result.stdout


def test_a_slowdown_exits_with_3_a_line_for_each_failure_and_writes_its_records(work: Path) -> None:
    result = report(
        "--diff a.json b.json --max-slowdown 1.10 --json d.json --markdown d.md -o d.html"
    )
    assert result.exit_code == 3
    assert len(result.stderr.splitlines()) == 4
    assert all(line.startswith("Error: ") for line in result.stderr.splitlines())
    assert result.stdout.endswith("d.md\nd.html\n")
    assert json.loads((work / "d.json").read_text("utf-8"))["record"] == "diff"
    assert (work / "d.md").read_text("utf-8").startswith("### ✗ 4 of 4 gates failed")
    assert report("d.json check.json -o again.html").exit_code == 0


def test_a_difference_as_json_on_stdout_is_all_that_is_printed(work: Path) -> None:
    result = report("--diff a.json b.json --json - --markdown d.md")
    assert json.loads(result.stdout)["kind"] == "bench"


def test_a_difference_as_markdown_on_stdout_is_all_that_is_printed(work: Path) -> None:
    result = report("check.json --diff a.json a.json --max-slowdown 1.1 --markdown -")
    assert result.exit_code == 0
    assert result.stdout.startswith("### ✓ All 9 gates passed")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("", "Missing argument 'RECORD.json...'"),
        ("check.json", "Nothing to write: give -o PATH, --markdown FILE or --diff."),
        ("check.json -o p.html --max-slowdown 2", "--max-drift-increase need --diff."),
        ("check.json -o p.html --json c.json", "--max-drift-increase need --diff."),
        ("--diff a.json b.json --json - --markdown -", "cannot both be printed"),
        ("--diff a.json", "'--diff' requires 2 arguments"),
        ("--diff a.json b.json --max-slowdown 0", "is not in the range x>0"),
        ("--diff a.json b.json --max-drift-increase -1", "is not in the range x>=0"),
        ("lost.json -o p.html", "'lost.json' does not exist"),
    ],
)
def test_wrong_usage_exits_with_2(work: Path, arguments: str, complaint: str) -> None:
    result = report(arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert not (work / "p.html").exists()


def test_records_that_do_not_compare_exit_with_1_in_one_line(work: Path) -> None:
    result = report("--diff a.json check.json -o p.html")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: a.json is a bench record and check.json a check record")
    assert len(result.stderr.splitlines()) == 1
    assert not (work / "p.html").exists()
