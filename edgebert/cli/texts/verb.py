"""What a command that answers texts does, and the options that all of them take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.texts.given import GivenTexts, single_texts

if TYPE_CHECKING:
    from edgebert.data import Text
    from edgebert.runtimes.model import Model
    from edgebert.tasks import Task


@dataclass(frozen=True)
class Verb:
    """What a command does.

    Attributes:
        name: of the command.
        task: that a bundle must have.
        answer: asks the model; takes and gives an iterator.
        chosen: options of this command alone and their values, which change answers.
        kept: such options that say how much of an answer is written.
        takes: what is read of the texts that were given, or an error.
        is_cut: which texts are longer than what is read of them; None where all of a text is read.
        why_not: why the task cannot answer a text; None where it answers all that the model reads.
    """

    name: str
    task: Task
    answer: Callable[[Model, Iterable[Any]], Iterable[Any]]
    chosen: Mapping[str, object] = field(default_factory=dict)
    kept: Mapping[str, object] = field(default_factory=dict)
    takes: Callable[[GivenTexts], GivenTexts] = single_texts
    is_cut: Callable[[Model, Sequence[Text]], Sequence[bool]] | None = None
    why_not: Callable[[Model, Any], str | None] | None = None

    @property
    def told(self) -> dict[str, str]:
        """All options of this command alone, in words."""
        return {
            name: "not given" if value is None else repr(value)
            for name, value in {**self.chosen, **self.kept}.items()
        }

    @property
    def named(self) -> dict[str, Any]:
        """The options that change answers by their names in Python."""
        return {name.removeprefix("--").replace("-", "_"): v for name, v in self.chosen.items()}


@dataclass(frozen=True)
class Runner:
    """A bundle, and what is to run it.

    Attributes:
        bundle: its folder.
        provider, kernels: as in `edgebert.load`.
    """

    bundle: Path
    provider: str
    kernels: str

    def load(self) -> Model:
        from edgebert.runtimes import load

        return load(self.bundle, provider=self.provider, kernels=self.kernels)


def run_options(texts: str = "[TEXT]...") -> options.Decorator:
    """The arguments and options that all of them take.

    Args:
        texts: what the usage calls the texts.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(
            (
                click.argument("bundle", type=options.FOLDER),
                click.argument("texts", nargs=-1, metavar=texts),
                options.input_file,
                click.option(
                    "--output",
                    "-o",
                    "target",
                    type=options.FOLDER,
                    metavar="FILE",
                    help="Write to a .jsonl, .csv or .parquet file (embed: also .npy), not to "
                    "stdout.",
                ),
                options.text_column,
                options.provider,
                options.kernels,
                options.force,
                click.option(
                    "--resume",
                    is_flag=True,
                    help="Keep what is done if the run is killed; given again, go on from there.",
                ),
            )
        ):
            function = option(function)
        return function

    return decorate
