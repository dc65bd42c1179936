"""Options for the bounds of the drift gate, made from what the measures say of themselves."""

from __future__ import annotations

import click

from edgebert.cli.boundary import Command
from edgebert.cli.options import FiniteRange


class Gated(Command):
    """A command with an option for every bound, which stand before its baseline.

    They are made when the command is called: measures import numpy, which all others do without.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = super().get_params(ctx)
        at = next(i for i, option in enumerate(own) if option.name == "baseline")
        return [*own[:at], *_options(), *own[at:]]


def _options() -> list[click.Parameter]:
    from edgebert.measures import BOUNDS

    return [
        click.Option(
            [bound.option],
            type=FiniteRange(min=bound.least, max=bound.most),
            metavar=bound.metavar,
            help=bound.help,
        )
        for bound in BOUNDS.values()
    ]
