"""`edgebert bench` on the command line: its tables, its page, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edgebert.cli import main
from edgebert.cli.prove.bench import show_bench
from edgebert.records.codec import from_dict
from edgebert.records.timed import BenchRecord, Noise

ROOT = Path(__file__).parent.parent
QUICK = ("--lengths", "4", "--batch-sizes", "1", "--threads", "1")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], prog_name="edgebert")


@pytest.fixture(scope="module")
def folder(
    tiny_embedder: Path,
    tiny_int8: Path,
    quick_bench: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Holds bench.html and bench.json of a checkpoint and a bundle, and what was printed."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "texts.tsv").write_text("phrase\nturn it on\noff\n")
    named = ("--texts", folder / "texts.tsv", "--text-column", "phrase")
    written = ("--html", folder / "bench.html", "--json", folder / "bench.json")
    result = call("bench", tiny_embedder, tiny_int8, *QUICK, *named, *written)
    assert (result.exit_code, result.stderr) == (0, "")
    (folder / "printed.txt").write_text(result.stdout)
    return folder


@pytest.fixture(scope="module")
def record(folder: Path) -> BenchRecord:
    return from_dict(BenchRecord, json.loads((folder / "bench.json").read_text()))


def test_every_model_has_its_row_in_every_table(folder: Path, tiny_embedder: Path) -> None:
    cold, warm, texts, machine = (folder / "printed.txt").read_text().split("\n\n")
    assert cold.splitlines()[2].split()[:2] == [str(tiny_embedder), "PyTorch"]
    assert [line.split()[0] for line in warm.splitlines()[2:]] == [tiny_embedder.name, "int8"]
    assert texts.startswith(f"2 of 2 texts of {folder / 'texts.tsv'}: ")
    assert [line.split()[0] for line in texts.splitlines()[3:]] == [tiny_embedder.name, "int8"]
    assert machine.startswith("machine: ")


def test_the_page_shows_what_the_record_holds(folder: Path) -> None:
    page = (folder / "bench.html").read_text()
    for shown in ("(PyTorch)", "Size by part", "Memory under ragged load", "2 texts of texts.tsv"):
        assert shown in page
    assert len(page) < 1_000_000


def test_noise_is_said_in_words(record: BenchRecord) -> None:
    cpu = f"{record.machine.cpu} ({record.machine.cpu_class})"
    reasons = ("other processes took 30 % of the cores' time", "and more")
    noisy = show_bench(replace(record, noise=Noise(0.2, 0.0, True, 0.3, reasons)))
    assert noisy.endswith(
        f"machine: {cpu}, noisy, read with care: other processes took 30 % of the cores' time; and more"
    )
    steady = show_bench(replace(record, noise=Noise(0.02, 0.0, False)))
    assert steady.endswith(f"machine: {cpu}, steady (medians of rounds spread 2 %)")


def test_bundles_of_one_name_are_told_apart(record: BenchRecord) -> None:
    one, other = (replace(record.bundles[1], path=path) for path in ("a/int8", "b/int8"))
    printed = show_bench(replace(record, bundles=(one, other)))
    assert {"a/int8", "b/int8"} <= set(printed.split())


def test_a_page_that_exists_is_refused_before_anything_is_timed(
    folder: Path, tiny_int8: Path
) -> None:
    page = folder / "bench.html"
    before = page.read_bytes()
    result = call("bench", tiny_int8, "--html", page)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "exists. Choose another output or add --force" in result.stderr
    assert page.read_bytes() == before


def test_a_column_without_a_file_is_wrong_usage(tiny_int8: Path) -> None:
    result = call("bench", tiny_int8, "--text-column", "phrase")
    assert result.exit_code == 2
    assert "--text-column needs --texts" in result.stderr


@pytest.mark.parametrize(
    ("missing", "options", "told"),
    [
        ("torch", [], "timing the checkpoint CHECKPOINT needs more packages"),
        ("jinja2", ["--html", "page.html"], "--html needs more packages"),
    ],
)
def test_what_is_not_installed_is_named(
    tiny_embedder: Path, tmp_path: Path, missing: str, options: list[str], told: str
) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None; import edgebert.cli; "
        "edgebert.cli.main(prog_name='edgebert')"
    )
    command = [sys.executable, "-c", code, "bench", str(tiny_embedder), *options]
    ran = subprocess.run(
        command,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"Error: {told.replace('CHECKPOINT', str(tiny_embedder))}: pip ")
    assert ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
