"""Texts in the order in which they answer a query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command
from edgebert.cli.texts.failures import Failures
from edgebert.cli.texts.given import GivenTexts, given_texts, single_texts

if TYPE_CHECKING:
    from edgebert.runtimes.model import Model


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@click.argument("query")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@options.input_file
@options.text_column
@click.option("-k", type=click.IntRange(min=1), help="How many of the best. Default: all.")
@options.provider
@options.kernels
def rerank(
    bundle: Path,
    query: str,
    texts: tuple[str, ...],
    source: Path | None,
    text_column: str | None,
    k: int | None,
    provider: str,
    kernels: str,
) -> None:
    """Sort texts by how well they answer QUERY, the best first: one JSON object.

    BUNDLE is a classifier of pairs with a single label, whose score is the order.

    \b
        edgebert rerank reranker/int8 "how do I reset it" "press the button" "it is red"
        edgebert rerank reranker/int8 "how do I reset it" --input found.txt -k 3
    """
    from edgebert.answer_files.rows import hits_row, to_json
    from edgebert.data import Columns
    from edgebert.runtimes import load

    given = single_texts(given_texts(texts, source, Columns(text_column)))
    listed = [str(text) for chunk in given.chunks() for text in chunk]
    model = load(bundle, provider=provider, kernels=kernels)
    _refuse_unreadable(model, query, listed, given)
    click.echo(to_json(hits_row(query, model.rerank(query, listed, progress=True)[:k])))


def _refuse_unreadable(model: Model, query: str, texts: list[str], given: GivenTexts) -> None:
    """Name the texts that the model cannot read by where they stand: without them is no order."""
    if model.reads_all:
        return
    failures = Failures(given)
    for number, text in enumerate(texts):
        if why := model.refusal((query, text)):
            failures.note(number, why)
    failures.tell("Nothing was sorted")
