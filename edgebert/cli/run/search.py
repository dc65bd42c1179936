"""The texts of a corpus that are nearest to a query."""

from __future__ import annotations

from pathlib import Path

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command


@click.command(cls=Command)
@click.argument("bundle", type=options.FOLDER)
@click.argument("queries", nargs=-1, required=True, metavar="QUERY...")
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Texts, or the .npy, .jsonl, .csv or .parquet file that 'embed' made of them.",
)
@click.option("-k", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@options.provider
@options.kernels
def search(
    bundle: Path, queries: tuple[str, ...], corpus: Path, k: int, provider: str, kernels: str
) -> None:
    """Find the texts of a corpus that are nearest to each QUERY: one JSON object a line.

    Vectors that were made before are taken only from the model that searches, and with its prompt
    for documents.

    \b
        edgebert search out/int8 "how do I reset it" --corpus questions.txt -k 3
        edgebert embed out/int8 --input questions.txt --output questions.jsonl
        edgebert search out/int8 "how do I reset it" --corpus questions.jsonl
    """
    from edgebert.answer_files.rows import hits_row, to_json
    from edgebert.runtimes import load

    found = load(bundle, provider=provider, kernels=kernels).search(list(queries), corpus, k)
    for query, hits in zip(queries, found, strict=True):
        click.echo(to_json(hits_row(query, hits)))
