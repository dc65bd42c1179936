"""`python -m mpnet`: all-mpnet-base-v2 from its folder to an int8 bundle. See README.md."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from calibration.cell import Measure, forms_of
from calibration.kinds import KINDS, measured_texts
from devices.emulated import ROOT

from edgebert.cli.tables import table
from edgebert.drift import check
from edgebert.errors import EdgebertError, GateError
from edgebert.records.codec import read_json, write_json
from edgebert.records.made import ExportRecord, QuantizeRecord
from edgebert.runtimes import load
from edgebert.runtimes.kernels import OFF
from mpnet.record import MpnetRecord, Step

_CHECKPOINT = ROOT / ".cache" / "mpnet" / "all-mpnet-base-v2"
_DATA = ROOT.parent / "shared" / "data"
_MEASURED = 200  # texts of each kind


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the record as JSON.")
def main(output: Path | None) -> None:
    """Export and quantize the real model, and hold it to what is promised of it."""
    data = Path(os.environ.get("EDGEBERT_DATA", _DATA))
    for needed in (_CHECKPOINT, data):
        if not needed.is_dir():
            click.echo(f"Skipped: {needed} is not here (see tests/mpnet/README.md)")
            return
    try:
        with tempfile.TemporaryDirectory() as folder:
            record = _measured(Path(folder), data)
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_json(record, output)
    click.echo(_show(record))
    broken = list(record.broken())
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


def _measured(folder: Path, data: Path) -> MpnetRecord:
    floats, int8 = folder / "fp32", folder / "int8"
    train, test = data / "stsb/train.tsv", data / "stsb/test.tsv"
    export = _run("export", _CHECKPOINT, "-o", floats, "--json", folder / "export.json")
    quantize = _run(
        "quantize", floats, "-o", int8, "--calibration", train, "--json", folder / "quantize.json"
    )
    exported = read_json(ExportRecord, folder / "export.json", "a record of 'export'")
    quantized = read_json(QuantizeRecord, folder / "quantize.json", "a record of 'quantize'")
    drift = check(floats, int8, test, kernels=OFF)  # kinds of text are read by kernels
    assert drift.metric is not None
    assert drift.cosine is not None
    texts = {kind: measured_texts(kind, data, _MEASURED) for kind in KINDS}
    return MpnetRecord(
        export=export,
        quantize=quantize,
        coverage=exported.coverage,
        off_by=max(case.max_abs for case in exported.parity),
        forms=forms_of(quantized),
        fp32_mb=exported.size_bytes / 1e6,
        int8_mb=quantized.size_bytes / 1e6,
        spearman=(drift.metric.reference, drift.metric.candidate),
        cosine=drift.cosine,
        kinds=Measure(load(floats), texts).drift(load(int8)),
    )


def _run(*arguments: str | Path) -> Step:
    """One command of edgebert in a process of its own.

    Raises:
        EdgebertError: it failed.
    """
    command = [sys.executable, "-m", "edgebert", *map(str, arguments)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise EdgebertError(f"edgebert {arguments[0]} ended with exit code {process.returncode}")
    return Step(
        seconds=time.perf_counter() - started,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_gb=used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e9,
    )


def _show(record: MpnetRecord) -> str:
    fused = ", ".join(f"{part} {n.found} of {n.expected}" for part, n in record.coverage.items())
    costs = table(
        ("", "s", "CPU s", "peak GB"),
        [
            (name, f"{step.seconds:.0f}", f"{step.cpu_seconds:.0f}", f"{step.peak_gb:.2f}")
            for name, step in (("export", record.export), ("quantize", record.quantize))
        ],
    )
    drift = table(
        ("cosine to the floats", "mean", "p01", "min"),
        [
            (name, f"{cosine.mean:.5f}", f"{cosine.p01:.4f}", f"{cosine.min:.4f}")
            for name, cosine in {"STS-B test": record.cosine, **record.kinds}.items()
        ],
    )
    forms = ", ".join(f"{n} {form}" for form, n in record.forms.items())
    floats, int8 = record.spearman
    return "\n".join(
        [
            f"fused: {fused}; off by {record.off_by:.1e}".replace("_", " "),
            f"{record.fp32_mb:.1f} MB -> {record.int8_mb:.1f} MB: {forms}",
            f"STS-B Spearman {floats:.2f} -> {int8:.2f}",
            f"\n{costs}\n\n{drift}\n",
            f"{record.machine.cpu} ({record.machine.cpu_class})",
        ]
    )


if __name__ == "__main__":
    main()
