"""Texts to the entities in them."""

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
@click.option(
    "--aggregation",
    type=options.AGGREGATION,
    help="How the labels of tokens become those of words; by default as the bundle says.",
)
def tag(aggregation: str | None, **given: Any) -> None:
    """Find the entities in texts: one JSON object a line, with character offsets.

    \b
        edgebert tag out/int8 "wake me at seven in the guest room"
        tail -f calls.txt | edgebert tag out/int8 --input -

    A word has the label of its first token (words). simple, first, average and max are the
    strategies of transformers: each token by itself, or a word of the tokenizer by its first
    token, by the mean of its tokens, or by the surest of them.
    """
    from edgebert.records.manifest import TOKEN_CLASSIFICATION
    from edgebert.tasks import task_of

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        entities: Iterable[Any] = model.tag(cast("Iterable[str]", texts), aggregation=aggregation)
        return entities

    chosen = {"--aggregation": aggregation}
    run_or_bulk(Verb("tag", task_of(TOKEN_CLASSIFICATION), answer, chosen), **given)
