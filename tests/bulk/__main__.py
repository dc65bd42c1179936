"""`python -m bulk [BUNDLE]`: bulk runs in the real Ray. See README.md."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import click

from bulk.steps import Steps
from edgebert.errors import GateError
from edgebert.machine import this_machine

_EMBEDDER = Path(__file__).parents[1] / "fixtures" / "format_1" / "bundles" / "embedder"
NAMES = (
    "answers",
    "worker_killed",
    "driver_killed",
    "interrupted",
    "failing",
    "cluster",
    "pipeline",
)


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path), default=_EMBEDDER)
@click.option("--step", "chosen", multiple=True, type=click.Choice(NAMES), help="Run it alone.")
def main(bundle: Path, chosen: Sequence[str]) -> None:
    """Answer texts by BUNDLE, an embedding model, on Ray, and kill whatever can be killed."""
    broken = []
    with tempfile.TemporaryDirectory() as folder:
        steps = Steps(bundle.absolute(), Path(folder))
        for name in chosen or NAMES:
            started = time.perf_counter()
            found = list(getattr(steps, name)())
            verdict = "NOT as it should be" if found else "as it should be"
            click.echo(f"{name:<16}{verdict}, {time.perf_counter() - started:.0f} s")
            broken += found
    click.echo(f"ray {metadata.version('ray')}, {this_machine().cpu_and_class}")
    if broken:
        click.echo("\n".join(f"Error: {sentence}" for sentence in broken), err=True)
        sys.exit(GateError.exit_code)


if __name__ == "__main__":
    main()
