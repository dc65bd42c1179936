"""A corpus to a vocabulary and a BERT."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command, require
from edgebert.cli.make.loop_options import AT_LEAST_1, loop_options, option_of, resume, tensorboard
from edgebert.cli.make.training import PACKAGES, run_training
from edgebert.training.options import PretrainOptions

_option = partial(option_of, PretrainOptions)


@click.command(cls=Command)
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=options.DATA_FILE)
@options.output("Checkpoint")
@_option("layers", type=AT_LEAST_1, help="Encoder layers.")
@_option("hidden", type=click.IntRange(min=32), help="Width, a multiple of 32.")
@_option("vocab_size", type=click.IntRange(min=100), help="Pieces of the WordPiece vocabulary.")
@_option("max_length", type=click.IntRange(min=8), metavar="TOKENS", help="Longest input.")
@_option(
    "whole_words",
    is_flag=True,
    help="Hide all pieces of a word or none of them; a Chinese character is a word.",
)
@loop_options(PretrainOptions)
@resume
@tensorboard
@options.force
@options.json_record
def pretrain(
    corpora: tuple[Path, ...],
    output: Path,
    resume: bool,
    tensorboard: Path | None,
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
    from edgebert.training import pretrain as run_pretrain

    run_training(
        json_path,
        lambda: run_pretrain(
            corpora,
            output,
            options=PretrainOptions(**chosen),
            resume=resume,
            tensorboard=tensorboard,
            force=force,
        ),
    )
