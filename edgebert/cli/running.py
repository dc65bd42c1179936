"""Commands that run a bundle: embed, classify, tag."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from itertools import tee
from pathlib import Path
from typing import Any

import click

from edgebert.cli import options
from edgebert.cli.boundary import Command
from edgebert.errors import InputError

_OUTPUT_ENDINGS = (".jsonl", ".npy")


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
                help="Texts from a .txt, .tsv, .csv or .jsonl file ('-': lines of stdin).",
            ),
            click.option(
                "--output",
                "-o",
                "target",
                type=options.FOLDER,
                metavar="FILE",
                help="Write to a .jsonl file (embed: also .npy) instead of stdout.",
            ),
            options.text_column,
            options.force,
        )
    ):
        function = decorate(function)
    return function


@click.command(cls=Command)
@_run_options
@click.option("--prompt", metavar="NAME", help="A prompt of the model, put before every text.")
def embed(prompt: str | None, **given: Any) -> None:
    """Turn texts into vectors: one JSON object a line.

    \b
        edgebert embed out/int8 "a sentence" "another one"
        edgebert embed out/int8 --input texts.txt --output vectors.npy
    """
    _run(lambda model, texts: model.embed(texts, prompt=prompt), _embedding_line, **given)


@click.command(cls=Command)
@_run_options
def classify(**given: Any) -> None:
    """Classify texts: one JSON object a line.

    \b
        edgebert classify out/int8 "turn the lights off"
    """
    _run(lambda model, texts: model.classify(texts), _classification_line, **given)


@click.command(cls=Command)
@_run_options
def tag(**given: Any) -> None:
    """Find the entities in texts: one JSON object a line, with character offsets.

    \b
        edgebert tag out/int8 "wake me at seven in the guest room"
    """
    _run(lambda model, texts: model.tag(texts), _entities_line, **given)


def _run(
    answer: Callable[[Any, Iterable[Any]], Iterable[Any]],
    line: Callable[[Any, Any], dict[str, Any]],
    *,
    bundle: Path,
    texts: tuple[str, ...],
    source: Path | None,
    target: Path | None,
    text_column: str | None,
    force: bool,
) -> None:
    """Answer the texts one after the other and write each answer as soon as it is there."""
    _check_target(target, line)
    from edgebert.output import new_file, refuse_existing
    from edgebert.runtimes import load

    if target is not None:
        refuse_existing(target, force=force)
    inputs = _inputs(texts, source, text_column, pairs=line is _classification_line)
    model = load(bundle)
    if target is None:
        for record in _records(model, inputs, answer, line):
            click.echo(json.dumps(record, ensure_ascii=False))
        return
    with new_file(target, force=force) as beside:
        write = _write_npy if target.suffix == ".npy" else _write_jsonl
        write(beside, _records(model, inputs, answer, line))


def _check_target(target: Path | None, line: Callable[..., Any]) -> None:
    if target is None:
        return
    if target.suffix not in _OUTPUT_ENDINGS:
        raise InputError(f"{target}: expected a name that ends in {' or '.join(_OUTPUT_ENDINGS)}")
    if target.suffix == ".npy" and line is not _embedding_line:
        raise InputError(f"{target}: only embeddings fit into .npy; choose .jsonl")


def _inputs(
    texts: tuple[str, ...], source: Path | None, text_column: str | None, *, pairs: bool
) -> Iterable[Any]:
    if bool(texts) == (source is not None):
        raise click.UsageError("give texts as arguments, or a file with --input")
    if source is None:
        return texts
    if source == Path("-"):
        return _stdin_lines()
    from edgebert.data import read_examples

    read = read_examples(source, text_column=text_column).texts
    if not pairs and isinstance(read[0], tuple):
        raise InputError(f"{source} holds pairs of texts; name one column with --text-column")
    return read


def _stdin_lines() -> Iterator[str]:
    """Lines as they come, UTF-8 whatever the locale."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"stdin, line {number}: this is not UTF-8 text") from error
        yield text.removesuffix("\n").removesuffix("\r")


def _records(
    model: Any,
    texts: Iterable[Any],
    answer: Callable[[Any, Iterable[Any]], Iterable[Any]],
    line: Callable[[Any, Any], dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    shown, asked = tee(texts)
    for text, result in zip(shown, answer(model, asked), strict=True):
        yield line(text, result)


def _embedding_line(text: Any, vector: Any) -> dict[str, Any]:
    return {"text": text, "embedding": [float(f"{value:.7g}") for value in vector]}


def _classification_line(text: Any, result: Any) -> dict[str, Any]:
    values = asdict(result)
    if result.labels is None:  # not a multi-label task
        del values["labels"]
    return {"text": text, **values}


def _entities_line(text: Any, entities: Any) -> dict[str, Any]:
    return {"text": text, "entities": [asdict(entity) for entity in entities]}


def _write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for record in records:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")


def _write_npy(path: Path, records: Iterable[dict[str, Any]]) -> None:
    import numpy as np

    vectors = np.asarray([record["embedding"] for record in records], np.float32)
    content = io.BytesIO()  # numpy writes files past Python, and then says no reason when it fails
    np.save(content, vectors, allow_pickle=False)
    path.write_bytes(content.getbuffer())


COMMANDS = (embed, classify, tag)
