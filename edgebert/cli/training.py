"""Commands that train: pretrain, finetune, distill."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, record_to, require

_PACKAGES = ("torch", "transformers", "safetensors")


def _loop_options(epochs: int, learning_rate: float) -> Callable[..., Any]:
    """The options of every training loop, with the defaults of one command."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option("--seed", default=42, show_default=True, help="Seed of all randomness."),
            click.option(
                "--learning-rate",
                type=options.POSITIVE,
                default=learning_rate,
                show_default=True,
                help="Highest learning rate, after warm-up.",
            ),
            click.option(
                "--batch-size",
                type=click.IntRange(min=1),
                default=32,
                show_default=True,
                help="Examples in each step.",
            ),
            click.option(
                "--epochs",
                type=click.IntRange(min=1),
                default=epochs,
                show_default=True,
                help="Passes over the training data.",
            ),
        ):
            function = option(function)
        return function

    return decorate


@click.command(cls=Command)
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=options.DATA_FILE)
@options.output("Checkpoint")
@click.option(
    "--layers", type=click.IntRange(min=1), default=4, show_default=True, help="Encoder layers."
)
@click.option(
    "--hidden",
    type=click.IntRange(min=32),
    default=256,
    show_default=True,
    help="Width, a multiple of 32.",
)
@click.option(
    "--vocab-size",
    type=click.IntRange(min=100),
    default=8000,
    show_default=True,
    help="Pieces of the WordPiece vocabulary.",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=8),
    default=128,
    show_default=True,
    metavar="TOKENS",
    help="Longest input.",
)
@_loop_options(epochs=3, learning_rate=5e-4)
@options.force
@options.json_record
def pretrain(
    corpora: tuple[Path, ...],
    output: Path,
    force: bool,
    json_path: Path | None,
    **chosen: Any,
) -> None:
    """Learn a vocabulary from CORPUS files and pretrain a BERT on them.

    Masked language model and next-sentence prediction. A corpus is UTF-8 text: one sentence a
    line, a blank line between documents; without blank lines, each line is a document.

    \b
        edgebert pretrain corpus.txt -o bert/ --layers 4 --hidden 256
    """
    require("pretrain", "train", *_PACKAGES)
    from edgebert.cli.tables import show_training
    from edgebert.training import PretrainOptions
    from edgebert.training import pretrain as run_pretrain

    record_to(
        json_path,
        lambda: run_pretrain(corpora, output, options=PretrainOptions(**chosen), force=force),
        show_training,
    )


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
@options.max_length
@_loop_options(epochs=3, learning_rate=5e-5)
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
    require("finetune", "train", *_PACKAGES)
    from edgebert.cli.tables import show_training
    from edgebert.training import FinetuneOptions
    from edgebert.training import finetune as run_finetune

    record_to(
        json_path,
        lambda: run_finetune(
            model,
            output,
            task=task,
            train=train,
            dev=dev,
            options=FinetuneOptions(**chosen),
            force=force,
            offline=is_offline(),
        ),
        show_training,
    )


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
@options.max_length
@_loop_options(epochs=3, learning_rate=1e-4)
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
    require("distill", "train", *_PACKAGES)
    from edgebert.cli.tables import show_training
    from edgebert.training import DistillOptions
    from edgebert.training import distill as run_distill

    record_to(
        json_path,
        lambda: run_distill(
            teacher,
            output,
            train=train,
            dev=dev,
            texts=texts,
            options=DistillOptions(**chosen),
            force=force,
            offline=is_offline(),
        ),
        show_training,
    )


COMMANDS = (pretrain, finetune, distill)
