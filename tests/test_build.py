"""`edgebert build`: a translator from its checkpoint to int8 and a report, and what stops a build."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from record_samples import words
from translators import make_translator, pairs

from edgebert.build import build_bundles
from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.errors import GateError
from edgebert.latency import bench
from edgebert.measures import Thresholds
from edgebert.records.codec import read_json
from edgebert.records.timed import BenchRecord
from edgebert.references.pytorch_translator import CheckpointTranslator
from edgebert.report.formats import figures
from edgebert.runtimes import load

SOURCES = [source for source, _ in pairs()]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), prog_name="edgebert")


def write_pairs(path: Path, rows: list[tuple[str, str]]) -> Path:
    lines = ("\t".join(row) for row in [("source", "target"), *rows])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A translator of as few layers as there can be: most of a build is to trace them."""
    folder = tmp_path_factory.mktemp("checkpoints") / "translator"
    return make_translator(folder, layers=1, num_hidden_layers=1)


@pytest.fixture(scope="module")
def built(
    checkpoint: Path, quick_bench: None, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """What `edgebert build` left, and what it printed."""
    work = tmp_path_factory.mktemp("build")
    dev = write_pairs(work / "dev.tsv", pairs()[:8])
    train = write_pairs(work / "train.tsv", pairs())
    bounds = ("--max-drift", 0.5, "--max-flips", 0.5)  # of a model that was taught little
    assert bench.__kwdefaults__ is not None
    with pytest.MonkeyPatch.context() as patch:  # no test is about times
        patch.setitem(bench.__kwdefaults__, "seconds", 0.02)
        result = call(
            "build", checkpoint, "-o", work / "out", "--data", dev, "--calibration", train, *bounds
        )
    assert (result.exit_code, result.stderr) == (0, "")
    return work / "out", result.stdout


def test_a_build_leaves_both_bundles_all_records_and_a_report(built: tuple[Path, str]) -> None:
    out, printed = built
    assert sorted(path.name for path in out.iterdir()) == [
        "bench.json", "check.json", "export.json", "fp32", "int8", "quantize.json", "report.html",
    ]  # fmt: skip
    assert printed.endswith(f"\n\nreport: {out / 'report.html'}\n")
    checked = json.loads((out / "check.json").read_text("utf-8"))
    assert (checked["passed"], checked["n"], checked["task"]) == (True, 8, "translation")
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []


def test_nothing_names_the_folder_that_it_was_built_in(built: tuple[Path, str]) -> None:
    out, printed = built
    texts = [path.read_text("utf-8") for path in out.rglob("*") if path.suffix in (".json", ".md")]
    assert len(texts) > 8
    for text in (printed, (out / "report.html").read_text("utf-8"), *texts):
        assert f".{out.name}." not in text


def test_its_float_bundle_writes_what_pytorch_writes(
    built: tuple[Path, str], checkpoint: Path
) -> None:
    source = CheckpointTranslator(open_checkpoint(str(checkpoint)))
    wanted = [one.text for one in source.translate(SOURCES)]
    assert len(set(wanted)) > 4
    assert [one.text for one in load(built[0] / "fp32").translate(SOURCES)] == wanted


def test_its_int8_bundle_is_smaller_and_translates(built: tuple[Path, str]) -> None:
    fp32, int8 = (open_bundle(built[0] / name, verify=True) for name in ("fp32", "int8"))
    assert int8.size_bytes < fp32.size_bytes
    assert (int8.manifest.precision, int8.manifest.task) == ("int8", "translation")
    coverage = int8.manifest.coverage["quantized_matmuls"]
    assert coverage.expected == coverage.found > 8
    asked = call("translate", int8.path, "--beam", 2, "--", *SOURCES)
    assert (asked.exit_code, asked.stderr) == (0, "")
    written = [json.loads(line)["translation"] for line in asked.stdout.splitlines()]
    assert written == [one.text for one in load(int8.path).translate(SOURCES, beam=2)]
    exact = [one.text for one in load(fp32.path).translate(SOURCES, beam=2)]
    alike = sum(one == other for one, other in zip(written, exact, strict=True))
    assert alike > len(SOURCES) // 2


def test_the_report_tells_how_long_both_take_to_write(built: tuple[Path, str]) -> None:
    out, _ = built
    timed = read_json(BenchRecord, out / "bench.json", "record")
    page = words((out / "report.html").read_text("utf-8"))
    told = page[page.index("Translators write as many tokens of each text as it has") :]
    assert "Greedy translations" in told
    for name in ("fp32", "int8"):
        assert f"{name} first token ms {name} token ms {name} texts/s" in told
    assert {result.bundle for result in timed.results} == {0, 1}
    for result in timed.results:
        assert result.first_token_ms is not None and result.token_ms is not None
        row = (result.first_token_ms, result.token_ms, result.texts_per_s)
        assert " ".join(map(figures, row)) in told


def test_a_gate_that_stops_a_build_names_what_would_have_been_written(
    tiny_embedder: Path, own_cache: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with pytest.raises(GateError) as stopped:
        build_bundles(str(tiny_embedder), out, thresholds=Thresholds(max_drift=0.0), offline=True)
    told = str(stopped.value)
    assert told.startswith(f"{out / 'fp32'} was not quantized: drift ")
    record = stopped.value.record
    assert (record.source, record.bundle) == (str(out / "fp32"), str(out / "int8"))
    assert list(tmp_path.iterdir()) == []
