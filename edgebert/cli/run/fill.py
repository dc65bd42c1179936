"""Texts with masks to words for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from edgebert.cli.boundary import Command
from edgebert.cli.texts.answering import run
from edgebert.cli.texts.verb import Verb, run_options

if TYPE_CHECKING:
    from edgebert.data import Text
    from edgebert.runtimes.model import Model


@click.command(cls=Command)
@run_options()
@click.option(
    "-k",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many guesses for each mask.",
)
def fill(k: int, **given: Any) -> None:
    """Guess what stands in the place of a mask: one JSON object a line.

    A text has one mask or more, as the model writes it: [MASK] or <mask>.

    \b
        edgebert fill bert/int8 "Oslo lies in [MASK]."
        edgebert fill bert/int8 --input texts.txt --output guesses.jsonl -k 1
    """
    from edgebert.records.manifest import FILL_MASK
    from edgebert.tasks import task_of

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        fills: Iterable[Any] = model.fill_mask(cast("Iterable[str]", texts), k)
        return fills

    def is_cut(model: Model, texts: Sequence[Text]) -> Sequence[bool]:
        found: Sequence[bool] = model.truncated(texts)
        return found

    verb = Verb(
        "fill",
        task_of(FILL_MASK),
        answer,
        kept={"-k": k},
        is_cut=is_cut,
        why_not=_why_not,
    )
    run(verb, **given)


def _why_not(model: Model, text: str) -> str | None:
    from edgebert.tasks.masks import refusal_of_masks

    return refusal_of_masks(text, model.tokenizer, str(model.mask_token))
