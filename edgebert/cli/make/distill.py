"""A teacher to a student of fewer layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, require
from edgebert.cli.make.loop_options import AT_LEAST_1, loop_options, option_of, resume, tensorboard
from edgebert.cli.make.training import PACKAGES, run_training
from edgebert.training.options import DistillOptions


@click.command(cls=Command)
@click.argument("teacher", type=options.MODEL)
@options.output("Checkpoint")
@option_of(
    DistillOptions,
    "layers",
    type=AT_LEAST_1,
    help="Encoder layers of the student, fewer than the teacher's.",
)
@click.option(
    "--task",
    type=click.Choice(["feature-extraction", "text-classification", "token-classification"]),
    help="What TEACHER is asked, where its folder says something else.",
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
@option_of(
    DistillOptions,
    "max_length",
    type=click.IntRange(min=3),
    metavar="TOKENS",
    help="Longest input. Default: what the teacher says.",
)
@loop_options(DistillOptions)
@resume
@tensorboard
@options.force
@options.json_record
def distill(
    teacher: str,
    output: Path,
    task: str | None,
    train: Path | None,
    dev: Path | None,
    texts: Path | None,
    resume: bool,
    tensorboard: Path | None,
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
    from edgebert.training import distill as run_distill

    columns = options.columns_of(chosen)
    run_training(
        json_path,
        lambda: run_distill(
            teacher,
            output,
            task=task,
            train=train,
            dev=dev,
            texts=texts,
            options=DistillOptions(columns=columns, **chosen),
            resume=resume,
            tensorboard=tensorboard,
            force=force,
            offline=is_offline(),
        ),
    )
