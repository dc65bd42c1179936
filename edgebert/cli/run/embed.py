"""Texts to vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command
from edgebert.cli.texts.bulk import bulk_options, run_or_bulk
from edgebert.cli.texts.verb import Verb, run_options

if TYPE_CHECKING:
    from edgebert.data import Text
    from edgebert.runtimes.model import Model
    from edgebert.tasks import Task


@click.command(cls=Command)
@run_options()
@bulk_options
@click.option("--prompt", metavar="NAME", help="A prompt of the model, put before every text.")
@options.long_text
def embed(prompt: str | None, long_text: str, **given: Any) -> None:
    """Turn texts into vectors: one JSON object a line.

    \b
        edgebert embed out/int8 "a sentence" "another one"
        edgebert embed out/int8 --input texts.csv --output vectors.npy --resume
        edgebert embed out/int8 --input texts/ --output vectors/ --format npy --ray
    """
    task = _kind_of_vectors(given["bundle"])

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        ask = getattr(model, task.verb)
        vectors: Iterable[Any] = ask(texts, prompt=prompt, long_text=long_text)
        return vectors

    def is_cut(model: Model, texts: Sequence[Text]) -> Sequence[bool]:
        found: Sequence[bool] = model.truncated(texts, prompt=prompt)
        return found

    verb = Verb(
        "embed",
        task,
        answer,
        chosen={"--prompt": prompt, "--long-text": long_text},
        is_cut=is_cut if long_text == options.TRUNCATE else None,
    )
    run_or_bulk(verb, **given)


def _kind_of_vectors(bundle: Path) -> Task:
    """Which vectors a bundle gives; one that gives none, or is none, is told once texts are read."""
    from edgebert.bundle import read_bundle
    from edgebert.errors import BundleError
    from edgebert.tasks import TASKS, task_of

    try:
        said = task_of(read_bundle(bundle).manifest.task)
    except BundleError:
        return TASKS[0]
    return said if said.command == embed.name else TASKS[0]
