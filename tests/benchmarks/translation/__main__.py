"""`python -m benchmarks.translation [ROW]...`: train translators by recipe. See README.md."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from devices.emulated import ROOT
from devices.minilm import minilm_folder

from benchmarks.translation.data import write_starts
from benchmarks.translation.page import score_cells, write_table
from benchmarks.translation.record import TranslationTable
from benchmarks.translation.rows import ROWS
from benchmarks.translation.running import train
from edgebert.cli.tables import table
from edgebert.errors import EdgebertError
from edgebert.records.codec import read_json, write_json


@click.command()
@click.argument("names", nargs=-1, metavar="[ROW]...", type=click.Choice(list(ROWS)))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=ROOT / "out" / "translation"
)
@click.option("--page", is_flag=True, help="Write README.md's tables from the record.")
def main(names: Sequence[str], output: Path, page: bool) -> None:
    """Train the model of each ROW, by default of all, and measure it; the others' figures stay."""
    record = output / "table.json"
    found = read_json(TranslationTable, record, "a record").rows if record.exists() else ()
    rows = {row.name: row for row in found}
    data = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    output.mkdir(parents=True, exist_ok=True)
    try:
        starts = write_starts(minilm_folder(), output)
        for name in names or ROWS:
            rows[name] = train(ROWS[name], starts, data, output)
            told = tuple(rows[one] for one in ROWS if one in rows)
            write_json(TranslationTable(rows=told), record)
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    if page:
        write_table(read_json(TranslationTable, record, "a record"))
    header = ("model", "test", "by", "beams", "lower-cased", "BLEU", "chrF", "length", "s")
    click.echo(table(header, [cells for row in rows.values() for cells in score_cells(row)]))
    for row in rows.values():
        for sentence in row.missed():
            click.echo(f"missed: {sentence}", err=True)


if __name__ == "__main__":
    main()
