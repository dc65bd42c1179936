"""A teacher to a smaller student."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, require
from edgebert.cli.make.loop_options import AT_LEAST_1, loop_options, option_of, resume, tensorboard
from edgebert.cli.make.training import PACKAGES, run_training
from edgebert.records.manifest import (
    EMBEDDINGS,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.training.options import MATCHES, DistillOptions


def _layers(value: str) -> int | tuple[int, ...]:
    """How many layers, or with commas which."""
    numbers = options.numbers_of(value, least=0)
    return numbers[0] if len(numbers) == 1 else numbers


def _names(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",")) if value else ()


@click.command(cls=Command)
@click.argument("teacher", type=options.MODEL)
@options.output("Checkpoint")
@option_of(
    DistillOptions,
    "layers",
    type=_layers,
    metavar="N",
    help="How many layers the student has, evenly spaced; or which, counted from 0, like 0,2,5. "
    "Default: all.",
)
@option_of(
    DistillOptions,
    "hidden",
    type=AT_LEAST_1,
    metavar="N",
    help="How wide its layers are, a multiple of the width of a head. Default: as wide.",
)
@click.option(
    "--student",
    type=options.MODEL,
    metavar="MODEL",
    help="What the student is cut from, where it is not TEACHER: of another vocabulary, too.",
)
@click.option(
    "--match",
    type=_names,
    default="",
    metavar="NAMES",
    help=f"What is to be as in TEACHER, some of {', '.join(MATCHES)}. Default: answers, and of "
    "classifiers, taggers and readers last.",
)
@option_of(
    DistillOptions,
    "temperature",
    type=options.POSITIVE,
    help="By which the logits of both are divided before they are compared.",
)
@option_of(
    DistillOptions,
    "head_learning_rate",
    type=options.POSITIVE,
    metavar="X",
    help="Highest learning rate of what is no encoder, such as a decoder. Default: as the encoder's.",
)
@click.option(
    "--task",
    type=click.Choice([EMBEDDINGS, TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION, QUESTION_ANSWERING]),
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
@click.option(
    "--trim-vocabulary",
    type=options.DATA_FILE,
    metavar="CORPUS",
    help="Keep only the pieces that these texts use, and every single character.",
)
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
    student: str | None,
    train: Path | None,
    dev: Path | None,
    texts: Path | None,
    trim_vocabulary: Path | None,
    resume: bool,
    tensorboard: Path | None,
    force: bool,
    json_path: Path | None,
    **chosen: Any,
) -> None:
    """Train a smaller student to answer as TEACHER does. Unlabelled texts suffice.

    \b
        edgebert distill clf/ --layers 2 --train train.tsv --dev dev.tsv -o student/
        edgebert distill mpnet/ --student minilm/ --layers 3 --texts texts.txt -o embedder/
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
            student=student,
            train=train,
            dev=dev,
            texts=texts,
            trim_vocabulary=trim_vocabulary,
            options=DistillOptions(columns=columns, **chosen),
            resume=resume,
            tensorboard=tensorboard,
            force=force,
            offline=is_offline(),
        ),
    )
