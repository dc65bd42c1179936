"""`python -m calibration [KIND]...`: bundles calibrated on one kind of text. See README.md."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

import click
from devices.emulated import ROOT
from devices.minilm import minilm_folder

from calibration.cell import HERE, Measure, make_cell
from calibration.kinds import KINDS, calibrating_texts, measured_texts
from calibration.layer_times import CPU_CLASSES
from calibration.record import CalibrationRecord, Cell
from edgebert.cli.tables import table
from edgebert.errors import EdgebertError, GateError, InputError
from edgebert.export import export_model
from edgebert.records.codec import write_json
from edgebert.runtimes import load

_MEASURED = 400  # texts of each kind
_NUMBERS = ("50", "400", "all")


@click.command()
@click.argument("kinds", nargs=-1, metavar="[KIND]...", type=click.Choice(list(KINDS)))
@click.option("--texts", "numbers", multiple=True, type=click.Choice(_NUMBERS))
@click.option("--layer-times", "timings", multiple=True, type=click.Choice([*CPU_CLASSES, HERE]))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the record as JSON.")
def main(
    kinds: Sequence[str], numbers: Sequence[str], timings: Sequence[str], output: Path | None
) -> None:
    """Calibrate all-MiniLM-L6-v2 on each KIND, by default all, and measure it on all kinds."""
    wanted = product(timings or CPU_CLASSES, numbers or _NUMBERS, kinds or KINDS)
    try:
        record = _run(list(wanted))
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_json(record, output)
    click.echo(
        table(
            ("layer times", "calibrated on", "texts", "token", "static", *KINDS, "s"),
            map(_cells, record.cells),
        )
    )
    click.echo("cosine to the floats, for 99 of 100 texts / at worst")
    click.echo(f"{record.machine.cpu} ({record.machine.cpu_class})")
    broken = [sentence for cell in record.cells for sentence in cell.broken()]
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


def _run(wanted: Sequence[tuple[str, str, str]]) -> CalibrationRecord:
    started, data = time.perf_counter(), data_sets()
    with tempfile.TemporaryDirectory() as folder:
        floats = Path(folder) / "fp32"
        export_model(minilm_folder(), floats)
        texts = {kind: measured_texts(kind, data, _MEASURED) for kind in KINDS}
        cells = tuple(_made(floats, Measure(load(floats), texts), data, wanted))
    seconds = time.perf_counter() - started
    return CalibrationRecord(measured=_MEASURED, cells=cells, seconds=seconds)


def _made(
    floats: Path, measure: Measure, data: Path, wanted: Iterable[tuple[str, str, str]]
) -> Iterator[Cell]:
    for timing, number, kind in wanted:
        some = calibrating_texts(kind, data, None if number == "all" else int(number))
        cell = make_cell(floats, measure, timing, kind, some)
        click.echo("  ".join(_cells(cell)), err=True)
        yield cell


def _cells(cell: Cell) -> tuple[str, ...]:
    return (
        cell.layer_times,
        cell.kind,
        f"{cell.texts:,}",
        str(cell.forms.get("a scale for each token", 0)),
        str(cell.forms.get("static activations", 0)),
        *(f"{cell.drift[kind].p01:.4f} / {cell.drift[kind].min:.4f}" for kind in KINDS),
        f"{cell.seconds:.0f}",
    )


def data_sets() -> Path:
    """The folder of public data sets.

    Raises:
        InputError: there is none.
    """
    folder = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        raise InputError(f"no public data sets at {folder}: set EDGEBERT_DATA")
    return folder


if __name__ == "__main__":
    main()
