"""A teacher to a student of fewer layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require
from edgebert.cli.make.training import PACKAGES, loop_options, show_training


@click.command(cls=Command)
@click.argument("teacher")
@options.output("Checkpoint")
@click.option(
    "--layers",
    required=True,
    type=click.IntRange(min=1),
    help="Encoder layers of the student, fewer than the teacher's.",
)
@click.option("--train", type=options.DATA_FILE, metavar="FILE", help="Labelled examples.")
@click.option(
    "--dev",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Examples that decide which epoch is kept.",
)
@click.option("--texts", type=options.DATA_FILE, metavar="FILE", help="Unlabelled texts.")
@options.labelled_columns
@options.max_length
@loop_options(epochs=3, learning_rate=1e-4)
@options.force
@options.json_record
def distill(
    teacher: str,
    output: Path,
    train: Path | None,
    dev: Path | None,
    texts: Path | None,
    force: bool,
    json_path: Path | None,
    **chosen: Any,
) -> None:
    """Train a student of fewer layers to answer as TEACHER does. Unlabelled texts suffice.

    \b
        edgebert distill clf/ --layers 2 --train train.tsv --dev dev.tsv -o student/
    """
    if train is None and texts is None:
        raise click.UsageError("give --train, --texts, or both")
    require("distill", "train", *PACKAGES)
    from edgebert.training import DistillOptions
    from edgebert.training import distill as run_distill

    columns = options.columns_of(chosen)
    record_to(
        json_path,
        lambda: run_distill(
            teacher,
            output,
            train=train,
            dev=dev,
            texts=texts,
            options=DistillOptions(columns=columns, **chosen),
            force=force,
            offline=is_offline(),
        ),
        show_training,
    )
