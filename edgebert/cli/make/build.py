"""Export, quantize, check, bench and report in one go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, require
from edgebert.cli.make.export import PACKAGES, show_export
from edgebert.cli.make.quantize import show_quantize
from edgebert.cli.prove.bench import show_bench
from edgebert.cli.prove.check import show_check

if TYPE_CHECKING:
    from edgebert.build import BuildRecords


@click.command(cls=Command)
@click.argument("model")
@options.output("Folder")
@click.option(
    "--data",
    type=options.DATA,
    metavar="FILE",
    help="Texts, with or without labels, or a folder in the BEIR layout, to measure drift on. "
    "Default: built-in sentences.",
)
@click.option(
    "--calibration",
    type=options.DATA,
    metavar="FILE",
    help="Texts like those to come, such as what a classifier was trained on: int8 is searched by "
    "them. Default: built-in texts alone.",
)
@options.labelled_columns
@options.max_length
@options.max_drift
@options.max_flips
@options.force
def build(
    model: str,
    output: Path,
    data: Path | None,
    calibration: Path | None,
    max_length: int | None,
    max_drift: float | None,
    max_flips: float | None,
    force: bool,
    **named: Any,
) -> None:
    """Export, quantize, check, bench and report the checkpoint MODEL in one go.

    \b
        edgebert build path/to/checkpoint -o out/ --data dev.tsv --calibration train.tsv
        edgebert embed out/int8 "a sentence"
    """
    require("build", "all", *PACKAGES, "jinja2", "matplotlib")
    from edgebert.build import build_bundles
    from edgebert.export import ExportOptions
    from edgebert.measures import Thresholds

    records = build_bundles(
        model,
        output,
        data=data,
        calibration=calibration,
        columns=options.columns_of(named),
        options=ExportOptions(max_length=max_length),
        thresholds=Thresholds(max_drift=max_drift, max_flips=max_flips),
        force=force,
        offline=is_offline(),
    )
    click.echo(show_build(records, output))


def show_build(records: BuildRecords, output: Path) -> str:
    return "\n\n".join(
        [
            show_export(records.export),
            show_quantize(records.quantize),
            show_check(records.check),
            show_bench(records.bench),
            f"report: {output / 'report.html'}",
        ]
    )
