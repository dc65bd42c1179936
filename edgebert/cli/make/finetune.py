"""Labelled examples to a model that answers as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require
from edgebert.cli.make.training import PACKAGES, loop_options, show_training


@click.command(cls=Command)
@click.argument("model")
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
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train on N examples drawn by the seed. Default: all.",
)
@click.option(
    "--multi-label",
    is_flag=True,
    help="A text may have several labels; | separates them in a cell.",
)
@options.labelled_columns
@options.max_length
@loop_options(epochs=3, learning_rate=5e-5)
@options.force
@options.json_record
def finetune(
    model: str,
    output: Path,
    task: str,
    train: Path,
    dev: Path | None,
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
    from edgebert.training import FinetuneOptions
    from edgebert.training import finetune as run_finetune

    columns = options.columns_of(chosen)
    record_to(
        json_path,
        lambda: run_finetune(
            model,
            output,
            task=task,
            train=train,
            dev=dev,
            options=FinetuneOptions(columns=columns, **chosen),
            force=force,
            offline=is_offline(),
        ),
        show_training,
    )
