"""A corpus to a vocabulary and a BERT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, require
from edgebert.cli.make.training import PACKAGES, loop_options, resume, run_training


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
@loop_options(epochs=3, learning_rate=5e-4)
@resume
@options.force
@options.json_record
def pretrain(
    corpora: tuple[Path, ...],
    output: Path,
    resume: bool,
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
    require("pretrain", "train", *PACKAGES)
    from edgebert.training import PretrainOptions
    from edgebert.training import pretrain as run_pretrain

    run_training(
        json_path,
        lambda: run_pretrain(
            corpora, output, options=PretrainOptions(**chosen), resume=resume, force=force
        ),
    )
