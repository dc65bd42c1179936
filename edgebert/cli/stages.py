"""The commands as `edgebert --help` lists them: by stage, in the order of the work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from edgebert.cli.boundary import Commands

_WHOLE = 10_000  # characters: a line that ends in "..." would hide what a command is for


class StagedCommands(Commands):
    """A group whose help has a section for each stage."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._stages: dict[str, Sequence[click.Command]] = {}

    def add_stage(self, title: str, commands: Sequence[click.Command]) -> None:
        """Add the commands of a stage, in the order in which its section lists them."""
        self._stages[title] = commands
        for command in commands:
            self.add_command(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.commands))
        for title, commands in self._stages.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(str(c.name).ljust(width), c.get_short_help_str(_WHOLE)) for c in commands]
                )
