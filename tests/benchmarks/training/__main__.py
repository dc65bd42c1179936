"""`python -m benchmarks.training [ROW]...`: train models by recipe. See README.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from devices.emulated import ROOT
from devices.minilm import minilm_folder

from benchmarks.training.page import write_table
from benchmarks.training.record import Trained, TrainingTable
from benchmarks.training.rows import MINILM, MPNET, ROWS
from benchmarks.training.running import run_edgebert, timed, train
from edgebert.cli.tables import table
from edgebert.errors import EdgebertError
from edgebert.records.codec import read_json, write_json


@click.command()
@click.argument("names", nargs=-1, metavar="[ROW]...", type=click.Choice(list(ROWS)))
@click.option("-o", "--output", type=click.Path(path_type=Path), default=ROOT / "out" / "training")
@click.option("--page", is_flag=True, help="Write README.md's table from the record.")
def main(names: Sequence[str], output: Path, page: bool) -> None:
    """Train the model of each ROW, by default of all, and measure it; the others' figures stay."""
    record = output / "table.json"
    rows = {row.name: row for row in _rows(record)}
    data = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    models = {MINILM: minilm_folder(), MPNET: ROOT / ".cache" / "mpnet" / MPNET}
    try:
        if not (output / MINILM).exists():
            run_edgebert("build", models[MINILM], "-o", output / MINILM, "--offline")
        for name in names or ROWS:
            rows[name] = train(ROWS[name], models, data, output)
            _write(rows, record)
        for name in names or ROWS:
            rows[name] = timed(rows[name], output)
            _write(rows, record)
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    told = _rows(record)
    if page:
        write_table(read_json(TrainingTable, record, "a record"))
    click.echo(table(("model", "metric", "dev", "fp32", "int8", "drop"), map(_cells, told)))
    for row in told:
        for sentence in row.missed():
            click.echo(f"missed: {sentence}", err=True)


def _write(rows: dict[str, Trained], record: Path) -> None:
    told = tuple(rows[name] for name in ROWS if name in rows)
    write_json(TrainingTable(start=MINILM, rows=told), record)


def _rows(record: Path) -> tuple[Trained, ...]:
    return read_json(TrainingTable, record, "a record").rows if record.exists() else ()


def _cells(row: Trained) -> tuple[str, ...]:
    figures = (row.dev, row.fp32, row.int8, row.drop)
    return (row.name, row.metric, *("" if one is None else f"{one:.2f}" for one in figures))


if __name__ == "__main__":
    main()
