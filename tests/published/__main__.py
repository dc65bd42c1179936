"""`python -m published [FAMILY]...`: export every family as it is published. See README.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from edgebert.cli.tables import table
from edgebert.errors import EdgebertError, GateError
from edgebert.machine import available_cores
from edgebert.records.codec import from_dict, write_json
from published.configurations import PUBLISHED
from published.record import SHORT, PublishedRecord, Row

_HEADER = ("family", "tokens", "fused", "off by", "s", "CPU s", "peak GB", "as published in")


@click.command()
@click.argument("names", nargs=-1, metavar="[FAMILY]...", type=click.Choice(list(PUBLISHED)))
@click.option("--short", is_flag=True, help=f"Up to {SHORT} tokens only.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the record as JSON.")
def main(names: tuple[str, ...], short: bool, output: Path | None) -> None:
    """Export each FAMILY, by default all, with weights drawn anew, and say what it costs."""
    started = time.perf_counter()
    rows = list(_rows(names or tuple(PUBLISHED), short=short))
    record = PublishedRecord(
        threads=int(os.environ.get("OMP_NUM_THREADS", available_cores())),
        rows=tuple(rows),
        seconds=time.perf_counter() - started,
    )
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        write_json(record, output)
    click.echo(table(_HEADER, map(_cells, rows)))
    click.echo(f"{record.machine.cpu} ({record.machine.cpu_class}), {record.threads} threads")
    broken = [sentence for row in rows for sentence in row.broken()]
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


def _rows(names: Sequence[str], *, short: bool) -> Iterator[Row]:
    for name in names:
        longest = PUBLISHED[name].longest
        with tempfile.TemporaryDirectory() as folder:
            _run("make", name, folder, longest)
            yield _shown(_measure(name, folder, min(longest, SHORT)))
            if longest > SHORT and not short:
                yield _shown(_measure(name, folder, longest))


def _measure(name: str, folder: str, tokens: int) -> Row:
    return from_dict(Row, json.loads(_run("measure", name, folder, tokens)))


def _run(step: str, name: str, folder: str, tokens: int) -> str:
    command = [sys.executable, "-m", "published.row", step, name, folder, str(tokens)]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise EdgebertError(f"{name} ended with exit code {run.returncode}")
    return run.stdout


def _shown(row: Row) -> Row:
    click.echo("  ".join(map(str, _cells(row))), err=True)
    return row


def _cells(row: Row) -> tuple[str, ...]:
    left = f", {row.layers_left} layers" if row.layers_left else ""
    return (
        row.name,
        f"{row.max_length:,}",
        _fused(row),
        "" if row.off_by is None else f"{row.off_by:.1e}",
        f"{row.seconds:.0f}",
        f"{row.cpu_seconds:.0f}",
        f"{row.peak_gb:.1f}",
        f"{row.checkpoint}{left}",
    )


def _fused(row: Row) -> str:
    """Each kind of operator that the model has, found of expected."""
    parts = [f"{part} {n} of {of}" for part, (n, of) in row.fused.items() if of]
    return ", ".join(parts).replace("_", " ") or ("refused" if row.refused else "nothing")


if __name__ == "__main__":
    main()
