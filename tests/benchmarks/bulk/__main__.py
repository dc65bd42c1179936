"""`python -m benchmarks.bulk [BUNDLE]`: many texts from files to files. See README.md."""

from __future__ import annotations

import os
import sys
import tempfile
from importlib import metadata
from pathlib import Path

import click
from devices.emulated import ROOT

from benchmarks.bulk.record import BulkRecord, Way
from benchmarks.bulk.texts import write_texts
from benchmarks.bulk.ways import Ways
from edgebert.cli.tables import table
from edgebert.errors import EdgebertError, GateError, InputError
from edgebert.machine import installed_versions
from edgebert.records.codec import write_json

_BUNDLE = ROOT / ".cache" / "tests" / "shared" / "minilm" / "int8"
_FILES = 4


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path), default=_BUNDLE)
@click.option("-n", "--texts", default=1_000_000, show_default=True, help="How many.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=ROOT / "out/bulk.json")
def main(bundle: Path, texts: int, output: Path) -> None:
    """Answer texts by BUNDLE, by default all-MiniLM-L6-v2 in int8 as the tests have made it."""
    try:
        record = _measured(bundle.absolute(), texts)
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    output.parent.mkdir(parents=True, exist_ok=True)
    write_json(record, output)
    base = record.ways[0]
    heads = ("way", "texts/s", "x", "memory, MB", "processes", "kills", "bytes")
    click.echo(table(heads, (_cells(record, way, base) for way in record.ways)))
    told = ", ".join(f"{name} {version}" for name, version in record.versions.items())
    click.echo(f"{record.texts:,} texts, {told}; {record.machine.cpu_and_class}")
    if not record.alike:
        click.echo("Error: not every way ended with the same bytes", err=True)
        sys.exit(GateError.exit_code)


def _measured(bundle: Path, number: int) -> BulkRecord:
    data = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        raise InputError(f"no data sets at {data}: set EDGEBERT_DATA")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts"
        mean = write_texts(data, texts, number)
        ways = []
        for way in Ways(bundle, texts, Path(folder)).all():
            click.echo(f"{way.name}: {way.wall_s:.1f} s", err=True)
            ways.append(way)
    versions = {
        name: version
        for name, version in installed_versions().items()
        if name.startswith(("onnxruntime", "edgebert"))
    } | {"ray": metadata.version("ray")}
    return BulkRecord(bundle.name, number, _FILES, mean, load, tuple(ways), versions)


def _cells(record: BulkRecord, way: Way, base: Way) -> tuple[str, ...]:
    return (
        way.name,
        f"{record.texts / way.wall_s:,.0f}",
        f"{base.wall_s / way.wall_s:.2f}",
        f"{way.memory_mb:,.0f}",
        str(way.processes),
        str(way.kills),
        "as the first" if way.sha256 == base.sha256 else "OTHERS",
    )


if __name__ == "__main__":
    main()
