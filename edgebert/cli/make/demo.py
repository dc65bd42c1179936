"""The whole path on built-in data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, require
from edgebert.cli.make.export import PACKAGES
from edgebert.cli.tables import table

if TYPE_CHECKING:
    from edgebert.demo import DemoResult


@click.command(cls=Command)
@options.output("Folder")
@click.option("--seed", default=0, show_default=True, help="Seed of the data and of all training.")
@options.force
def demo(output: Path, seed: int, force: bool) -> None:
    """Train, distil, export, quantize, check, time and use a BERT on built-in data, in minutes.

    \b
        edgebert demo -o demo/
    """
    require("demo", "all", *PACKAGES, "jinja2", "matplotlib")
    from edgebert.demo import run_demo

    click.echo(show_demo(run_demo(output, seed=seed, force=force)))


def show_demo(result: DemoResult) -> str:
    classified = [(text, answer.label, f"{answer.score:.2f}") for text, answer in result.classified]
    tagged = [
        (text, ", ".join(f"{entity.text} = {entity.label}" for entity in entities))
        for text, entities in result.tagged
    ]
    parts = [
        table(result.summary.header, result.summary.rows),
        result.drift,
        table(("int8 classifies", "intent", "score"), classified),
        table(("int8 tags", "slots"), tagged),
        f"report: {result.report}",
    ]
    return "\n\n".join(parts)
