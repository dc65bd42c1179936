"""Commands that run a bundle: embed, classify, tag."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from edgebert.cli import options
from edgebert.cli.answering import Verb, run
from edgebert.cli.boundary import Command

if TYPE_CHECKING:
    from edgebert.data import Text
    from edgebert.runtimes.model import Model


def _run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options that all three commands take."""
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


@click.command(cls=Command)
@_run_options
@click.option("--prompt", metavar="NAME", help="A prompt of the model, put before every text.")
@options.long_text
def embed(prompt: str | None, long_text: str, **given: Any) -> None:
    """Turn texts into vectors: one JSON object a line.

    \b
        edgebert embed out/int8 "a sentence" "another one"
        edgebert embed out/int8 --input texts.csv --output vectors.npy --resume
    """
    from edgebert.answer_files.rows import embedding_row
    from edgebert.records.manifest import EMBEDDINGS

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        vectors: Iterable[Any] = model.embed(
            cast("Iterable[str]", texts), prompt=prompt, long_text=long_text
        )
        return vectors

    def is_cut(model: Model, texts: Sequence[Text]) -> Sequence[bool]:
        found: Sequence[bool] = model.truncated(texts, prompt=prompt)
        return found

    chosen = {"--prompt": prompt, "--long-text": long_text}
    cut = is_cut if long_text == options.TRUNCATE else None
    run(Verb("embed", EMBEDDINGS, answer, embedding_row, chosen, cut), **given)


@click.command(cls=Command)
@_run_options
@options.long_text
def classify(long_text: str, **given: Any) -> None:
    """Classify texts: one JSON object a line.

    \b
        edgebert classify out/int8 "turn the lights off"
        edgebert classify out/int8 --input reviews.parquet --output labels.csv
    """
    from edgebert.answer_files.rows import classification_row
    from edgebert.records.manifest import TEXT_CLASSIFICATION

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        answers: Iterable[Any] = model.classify(texts, long_text=long_text)
        return answers

    def is_cut(model: Model, texts: Sequence[Text]) -> Sequence[bool]:
        found: Sequence[bool] = model.truncated(texts)
        return found

    chosen = {"--long-text": long_text}
    cut = is_cut if long_text == options.TRUNCATE else None
    run(Verb("classify", TEXT_CLASSIFICATION, answer, classification_row, chosen, cut), **given)


@click.command(cls=Command)
@_run_options
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
    from edgebert.answer_files.rows import entities_row
    from edgebert.records.manifest import TOKEN_CLASSIFICATION

    def answer(model: Model, texts: Iterable[Text]) -> Iterable[Any]:
        entities: Iterable[Any] = model.tag(cast("Iterable[str]", texts), aggregation=aggregation)
        return entities

    chosen = {"--aggregation": aggregation}
    run(Verb("tag", TOKEN_CLASSIFICATION, answer, entities_row, chosen), **given)


COMMANDS = (embed, classify, tag)
