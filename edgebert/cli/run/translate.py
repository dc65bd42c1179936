"""Texts to translations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command
from edgebert.cli.texts.bulk import bulk_options, run_or_bulk
from edgebert.cli.texts.verb import Verb, run_options

if TYPE_CHECKING:
    from edgebert.data import Text
    from edgebert.runtimes.model import Model


@click.command(cls=Command)
@run_options()
@bulk_options
@options.beam
@click.option(
    "--n-best",
    type=options.AT_LEAST_ONE,
    default=1,
    show_default=True,
    help="Translations to give, the best first; as many as the beam at most.",
)
@click.option(
    "--length-penalty",
    type=options.NOT_NEGATIVE,
    metavar="X",
    help="Candidates of a beam compare by their log-probability over their length to this power; "
    "more than 1 favours long ones. Default: what the bundle says.",
)
@click.option(
    "--max-length",
    type=options.AT_LEAST_ONE,
    metavar="TOKENS",
    help="Longest translation of a sentence. Default: by the length of the sentence.",
)
def translate(
    beam: int, n_best: int, length_penalty: float | None, max_length: int | None, **given: Any
) -> None:
    """Translate texts of any length: one JSON object a line.

    A text is translated sentence by sentence. Its score is the log-probability of the translation
    over its tokens.

    \b
        edgebert translate de/int8 "A dog runs in the snow." --beam 4
        edgebert translate de/int8 --input texts.csv --output translated.parquet --resume
        edgebert translate de/int8 --input texts/ --output translated/ --shards 1/4
    """
    from edgebert.tasks import task_of
    from edgebert.tasks.translation import TRANSLATION

    if n_best > beam:
        raise click.UsageError(f"--n-best {n_best} needs --beam {n_best} or more")
    verb_options: dict[str, Any] = {
        "beam": beam,
        "n_best": n_best,
        "length_penalty": length_penalty,
        "max_length": max_length,
    }

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        found: Iterable[Any] = model.translate(cast("Iterable[str]", texts), **verb_options)
        return found

    chosen = {f"--{name.replace('_', '-')}": value for name, value in verb_options.items()}
    run_or_bulk(Verb("translate", task_of(TRANSLATION), answer, chosen), **given)
