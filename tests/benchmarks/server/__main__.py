"""`python -m benchmarks.server [FP32 INT8]`: our server beside others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from devices.emulated import ROOT
from devices.minilm import make_bundles, minilm_folder

from benchmarks.server.contestants import WORK
from benchmarks.server.page import table
from benchmarks.server.plan import FULL, QUICK
from benchmarks.server.run import run_benchmark
from edgebert.bundle import read_bundle
from edgebert.errors import EdgebertError, InputError
from edgebert.records.codec import write_json

OUT = ROOT / "out" / "bench-server"


@click.command()
@click.argument("bundles", nargs=-1, metavar="[FP32 INT8]", type=click.Path(path_type=Path))
@click.option("--quick", is_flag=True, help="One short round of all: does everything run?")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Default: out/bench-server.")
def main(bundles: tuple[Path, ...], quick: bool, output: Path | None) -> None:
    """Measure servers of all-MiniLM-L6-v2, ours with FP32 and INT8, by default made here."""
    output = output or (OUT.with_name("bench-server-quick") if quick else OUT)
    try:
        record = run_benchmark(
            _bundles(bundles),
            minilm_folder(),
            _data(),
            QUICK if quick else FULL,
            quick=quick,
            say=_say,
        )
        output.mkdir(parents=True, exist_ok=True)
        write_json(record, output / "server.json")
    except EdgebertError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    click.echo(table(record))
    _say(f"{output / 'server.json'}, after {record.seconds / 60:.1f} minutes")


def _bundles(given: tuple[Path, ...]) -> dict[str, Path]:
    """Those that were named, or those that were made here.

    Raises:
        InputError: it is not two, or one is no bundle.
    """
    if given and len(given) != 2:
        raise InputError("name two bundles of all-MiniLM-L6-v2, fp32 and int8, or none")
    fp32, int8 = given or (WORK / "fp32", WORK / "int8")
    if not given and not int8.exists():
        make_bundles(WORK)
    for bundle in (fp32, int8):
        read_bundle(bundle)
    return {"fp32": fp32, "int8": int8}


def _data() -> Path:
    data = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        raise InputError(f"no data sets at {data}: set EDGEBERT_DATA")
    return data


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
