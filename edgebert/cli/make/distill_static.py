"""A sentence model to a table of static embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, require
from edgebert.cli.make.loop_options import AT_LEAST_1, loop_options, option_of, resume, tensorboard
from edgebert.cli.make.training import PACKAGES, run_training
from edgebert.training.options import StaticOptions


@click.command("distill-static", cls=Command)
@click.argument("teacher", type=options.MODEL)
@options.output("Checkpoint")
@option_of(
    StaticOptions,
    "dimensions",
    type=AT_LEAST_1,
    metavar="N",
    help="Numbers of each token's row, no more than TEACHER's embeddings have.",
)
@click.option(
    "--texts",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Unlabelled texts to train on. Without any, the rows stay what TEACHER makes of tokens.",
)
@click.option(
    "--train",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Examples to train on, of which the texts alone are read.",
)
@click.option(
    "--dev",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Examples that decide which epoch is kept.",
)
@options.labelled_columns
@option_of(
    StaticOptions,
    "max_length",
    type=click.IntRange(min=3),
    metavar="TOKENS",
    help="Of the texts that TEACHER is asked. Default: what it says.",
)
@loop_options(StaticOptions)
@resume
@tensorboard
@options.force
@options.json_record
def distill_static(
    teacher: str,
    output: Path,
    texts: Path | None,
    train: Path | None,
    dev: Path | None,
    resume: bool,
    tensorboard: Path | None,
    force: bool,
    json_path: Path | None,
    **chosen: Any,
) -> None:
    """Make a table of static embeddings of TEACHER, a sentence model: the smallest student.

    \b
        edgebert distill-static all-MiniLM-L6-v2/ --texts texts.txt -o static/
    """
    require("distill-static", "train", *PACKAGES)
    from edgebert.training import distill_static as run_distill_static

    columns = options.columns_of(chosen)
    run_training(
        json_path,
        lambda: run_distill_static(
            teacher,
            output,
            train=train,
            dev=dev,
            texts=texts,
            options=StaticOptions(columns=columns, **chosen),
            resume=resume,
            tensorboard=tensorboard,
            force=force,
            offline=is_offline(),
        ),
    )
