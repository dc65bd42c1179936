"""A corpus to a vocabulary and a BERT."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from edgebert.cli import options
from edgebert.cli.boundary import Command, is_offline, require
from edgebert.cli.make.loop_options import AT_LEAST_1, loop_options, option_of, resume, tensorboard
from edgebert.cli.make.training import PACKAGES, run_training
from edgebert.training.options import PretrainOptions

_option = partial(option_of, PretrainOptions)
_SIZES = ("layers", "hidden", "vocab_size")


@click.command(cls=Command)
@click.argument("corpora", nargs=-1, required=True, metavar="CORPUS...", type=options.DATA_FILE)
@options.output("Checkpoint")
@_option("layers", type=AT_LEAST_1, help="Encoder layers.")
@_option("hidden", type=click.IntRange(min=32), help="Width, a multiple of 32.")
@_option("vocab_size", type=AT_LEAST_1, help="Pieces of the WordPiece vocabulary.")
@_option("max_length", type=click.IntRange(min=8), metavar="TOKENS", help="Longest input.")
@click.option(
    "--start",
    type=options.MODEL,
    metavar="MODEL",
    help="A BERT that goes on, with its vocabulary and its size. Default: a new one.",
)
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
    start: str | None,
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
        edgebert pretrain more.txt --start bert/ -o further/
    """
    _refuse_sizes(start)
    require("pretrain", "train", *PACKAGES)
    from edgebert.training import pretrain as run_pretrain

    run_training(
        json_path,
        lambda: run_pretrain(
            corpora,
            output,
            start=start,
            options=PretrainOptions(**chosen),
            resume=resume,
            tensorboard=tensorboard,
            force=force,
            offline=is_offline(),
        ),
    )


def _refuse_sizes(start: str | None) -> None:
    """Refuse the size of a new model beside one that goes on; a recipe may tell the size it has."""
    context = click.get_current_context()
    for name in _SIZES if start else ():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for a new model: the one of --start has its size"
            )
