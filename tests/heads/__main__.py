"""`python -m heads [HEAD]...`: trained taggers, rerankers and readers as int8. See README.md."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from devices.emulated import ROOT

from edgebert.cli.tables import table
from edgebert.drift import check
from edgebert.errors import EdgebertError, GateError
from edgebert.records.codec import write_json
from edgebert.runtimes import load
from heads.asking import wrong_answers
from heads.making import files_of, made_of
from heads.models import HEADS, Head
from heads.record import HeadRow, HeadsRecord


@click.command()
@click.argument("names", nargs=-1, metavar="[HEAD]...", type=click.Choice(list(HEADS)))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the record as JSON.")
def main(names: Sequence[str], output: Path | None) -> None:
    """Train each HEAD, by default all, and hold its int8 bundle to what the checkpoint can."""
    data = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        click.echo(f"Skipped: {data} is not here: set EDGEBERT_DATA (see edgebert/data/README.md)")
        return
    try:
        record = HeadsRecord(rows=tuple(_rows(names or tuple(HEADS), data)))
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_json(record, output)
    click.echo(table(("head", "metric", "PyTorch", "int8", "s"), map(_cells, record.rows)))
    click.echo(record.machine.cpu_and_class)
    broken = [sentence for row in record.rows for sentence in row.broken]
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


def _rows(names: Sequence[str], data: Path) -> Iterator[HeadRow]:
    for name in names:
        started = time.perf_counter()
        head = HEADS[name]
        train, test = files_of(head, data)
        made = made_of(head, train)
        found = check(made / "checkpoint", made / "int8", test, offline=True).metric
        if found is None:
            raise EdgebertError(f"{head.test} gives no figure of the {name}")
        broken = (
            *_too_low(head, found.reference, found.drop),
            *wrong_answers(name, load(made / "int8")),
        )
        seconds = time.perf_counter() - started
        yield HeadRow(name, found.name, found.reference, found.candidate, broken, seconds)


def _too_low(head: Head, reached: float, drop: float) -> Iterator[str]:
    if reached < head.least:
        yield f"the {head.name} reached {reached:.2f}, less than {head.least:g}"
    if drop > head.drop:
        yield f"int8 of the {head.name} loses {drop:.2f}, more than {head.drop:g}"


def _cells(row: HeadRow) -> tuple[str, ...]:
    figures = (f"{row.reference:.2f}", f"{row.candidate:.2f}", f"{row.seconds:.0f}")
    return (row.name, row.metric, *figures)


if __name__ == "__main__":
    main()
