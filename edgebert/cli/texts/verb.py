"""What a command that answers texts does, and the options that all of them take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options

if TYPE_CHECKING:
    from edgebert.answer_files.rows import Row
    from edgebert.data import Text
    from edgebert.runtimes.model import Model


@dataclass(frozen=True)
class Verb:
    """What a command does.

    Attributes:
        name: of the command.
        task: that a bundle must have.
        answer: asks the model; takes and gives an iterator.
        row: a text and its answer, as they are written.
        chosen: options of this command alone and their values, which change answers.
        is_cut: which texts are longer than what is read of them; None where all of a text is read.
    """

    name: str
    task: str
    answer: Callable[[Model, Iterable[Text]], Iterable[Any]]
    row: Callable[[Any, Any], Row]
    chosen: Mapping[str, str | None] = field(default_factory=dict)
    is_cut: Callable[[Model, Sequence[Text]], Sequence[bool]] | None = None

    @property
    def named(self) -> dict[str, str | None]:
        """The same options by their names in Python."""
        return {name.removeprefix("--").replace("-", "_"): v for name, v in self.chosen.items()}


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options that all of them take."""
    for decorate in reversed(
        (
            click.argument("bundle", type=options.FOLDER),
            click.argument("texts", nargs=-1, metavar="[TEXT]..."),
            click.option(
                "--input",
                "source",
                type=click.Path(path_type=Path, allow_dash=True),
                metavar="FILE",
                help="Texts from a .txt, .tsv, .csv, .jsonl or .parquet file ('-': lines of stdin).",
            ),
            click.option(
                "--output",
                "-o",
                "target",
                type=options.FOLDER,
                metavar="FILE",
                help="Write to a .jsonl, .csv or .parquet file (embed: also .npy), not to stdout.",
            ),
            options.text_column,
            options.provider,
            options.force,
            click.option(
                "--resume",
                is_flag=True,
                help="Keep what is done if the run is killed; given again, go on from there.",
            ),
        )
    ):
        function = decorate(function)
    return function
