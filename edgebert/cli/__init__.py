"""The edgebert command. Each command parses, calls one function, prints its result.

A command is a file of its own, with what it prints, in the folder of its stage: `make`, `prove` or
`run`. What the commands that answer texts share is in `texts`.
"""

from __future__ import annotations

import click

from edgebert import __version__
from edgebert.cli import make, prove, run
from edgebert.cli.stages import StagedCommands

__all__ = ["main"]


@click.group(cls=StagedCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """From a BERT checkpoint to a small, fused, proved int8 bundle that runs without torch.

    \b
    The whole path on built-in data:   edgebert demo -o demo/
    A checkpoint, all in one go:       edgebert build MODEL -o out/ --data texts.tsv
    Use the result:                    edgebert embed out/int8 "a sentence"
    """


main.add_stage("Make a bundle", make.COMMANDS)
main.add_stage("Prove it", prove.COMMANDS)
main.add_stage("Run it", run.COMMANDS)
