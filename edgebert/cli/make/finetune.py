"""Labelled examples to a model that answers as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, require
from edgebert.cli.make.loop_options import AT_LEAST_1, loop_options, option_of, resume
from edgebert.cli.make.training import PACKAGES, run_training
from edgebert.training.options import FinetuneOptions


@click.command(cls=Command)
@click.argument("model", type=options.MODEL)
@options.output("Checkpoint")
@click.option(
    "--task",
    required=True,
    type=click.Choice(["text-classification", "token-classification", "sentence-similarity"]),
    help="What the model learns to answer.",
)
@click.option(
    "--train", required=True, type=options.DATA_FILE, metavar="FILE", help="Labelled examples."
)
@click.option(
    "--dev",
    type=options.DATA_FILE,
    metavar="FILE",
    help="Labelled examples that decide which epoch is kept.",
)
@option_of(
    FinetuneOptions,
    "max_length",
    type=click.IntRange(min=3),
    metavar="TOKENS",
    help="Longest input. Default: what the checkpoint says.",
)
@option_of(
    FinetuneOptions,
    "limit",
    type=AT_LEAST_1,
    metavar="N",
    help="Train on N examples drawn by the seed. Default: all.",
)
@option_of(
    FinetuneOptions,
    "multi_label",
    is_flag=True,
    help="A text may have several labels; | separates them in a cell.",
)
@option_of(
    FinetuneOptions,
    "head_learning_rate",
    type=options.POSITIVE,
    metavar="X",
    help="Highest learning rate of the head, which starts at random. Default: as the encoder's.",
)
@loop_options(FinetuneOptions)
@resume
@options.force
@options.json_record
def finetune(
    model: str,
    output: Path,
    task: str,
    train: Path,
    dev: Path | None,
    resume: bool,
    force: bool,
    json_path: Path | None,
    **chosen: Any,
) -> None:
    """Fine-tune MODEL (a folder or a hub id) on labelled examples.

    A label is the whole cell, unless the model is to give several of them: said with
    --multi-label, with lists of labels in .jsonl or .parquet, or by a MODEL that is multi-label.

    \b
        edgebert finetune bert/ --task text-classification --train train.tsv --dev dev.tsv -o clf/
    """
    if chosen["multi_label"] and task != "text-classification":
        raise click.UsageError("--multi-label is for text-classification")
    require("finetune", "train", *PACKAGES)
    from edgebert.training import finetune as run_finetune

    run_training(
        json_path,
        lambda: run_finetune(
            model,
            output,
            task=task,
            train=train,
            dev=dev,
            options=FinetuneOptions(**chosen),
            resume=resume,
            force=force,
            offline=is_offline(),
        ),
    )
