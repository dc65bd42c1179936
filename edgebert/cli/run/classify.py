"""Texts to labels with their scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command
from edgebert.cli.texts.bulk import bulk_options, run_or_bulk
from edgebert.cli.texts.given import texts_or_pairs
from edgebert.cli.texts.verb import Verb, run_options

if TYPE_CHECKING:
    from edgebert.data import Text
    from edgebert.runtimes.model import Model


@click.command(cls=Command)
@run_options()
@bulk_options
@options.pair_column
@options.long_text
def classify(long_text: str, **given: Any) -> None:
    """Classify texts: one JSON object a line.

    \b
        edgebert classify out/int8 "turn the lights off"
        edgebert classify out/int8 --input reviews.parquet --output labels.csv
        edgebert classify out/int8 --input 'reviews/*.csv' --output labels/ --shards 1/4
    """
    from edgebert.records.manifest import TEXT_CLASSIFICATION
    from edgebert.tasks import task_of

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        answers: Iterable[Any] = model.classify(texts, long_text=long_text)
        return answers

    def is_cut(model: Model, texts: Sequence[Text]) -> Sequence[bool]:
        found: Sequence[bool] = model.truncated(texts)
        return found

    verb = Verb(
        "classify",
        task_of(TEXT_CLASSIFICATION),
        answer,
        chosen={"--long-text": long_text},
        takes=texts_or_pairs,
        is_cut=is_cut if long_text == options.TRUNCATE else None,
    )
    run_or_bulk(verb, **given)
