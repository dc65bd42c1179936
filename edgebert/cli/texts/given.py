"""Where the texts of a run come from: arguments, a file, or stdin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from itertools import count as numbers
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgebert.errors import InputError

if TYPE_CHECKING:
    from edgebert.data import Columns, Text

STDIN = Path("-")


@dataclass(frozen=True)
class GivenTexts:
    """The texts of a run.

    Attributes:
        chunks: opens them from the first; each chunk is answered as soon as it is there.
        count: how many there are, where that can be known before they are answered.
        sha256: of them all; None where they cannot be read a second time.
        pairs: whether they are pairs of texts.
        columns: those that were named for them.
        source: where they come from, as a message names it.
        places: opens where each of them stands, as a message about it begins.
    """

    chunks: Callable[[], Iterator[Iterator[Text]]]
    count: int | None = None
    sha256: str | None = None
    pairs: bool = False
    columns: Columns | None = None
    source: str = "the command line"
    places: Callable[[], Iterator[str]] = lambda: (f"text {number}" for number in numbers(1))

    def beside(self, context: str) -> GivenTexts:
        """The same texts, each as the first of a pair with this one."""
        return replace(
            self,
            chunks=lambda: (((str(text), context) for text in texts) for texts in self.chunks()),
            sha256=self.sha256 and _survey([self.sha256, context])[1],
            pairs=True,
        )


def single_texts(given: GivenTexts) -> GivenTexts:
    """Refuse pairs.

    Raises:
        InputError: the texts are pairs.
    """
    if given.pairs:
        raise InputError(f"{given.source} holds pairs of texts; name one column with --text-column")
    return given


def texts_or_pairs(given: GivenTexts) -> GivenTexts:
    """Take the texts as they are."""
    return given


def given_texts(texts: tuple[str, ...], source: Path | None, columns: Columns | None) -> GivenTexts:
    """Look at what was given. A file is read once here, so that a bad line is told before any work.

    Raises:
        InputError: the file cannot be read, holds no text, or has a line that is not as expected.
        click.UsageError: texts were given twice, or not at all, or a column of what has none.
    """
    if bool(texts) == (source is not None):
        raise click.UsageError("give texts as arguments, or a file with --input")
    option = next(iter(columns.named), None) if columns else None
    if option is not None and source in (None, STDIN):
        raise click.UsageError(f"{option} names a column of a table: give one with --input")
    if source is None:
        return GivenTexts(lambda: iter([iter(texts)]), count=len(texts))
    if source == STDIN:
        from edgebert.cli.texts.stdin import stdin_lines

        return GivenTexts(
            lambda: map(iter, stdin_lines()),
            source="stdin",
            places=lambda: (f"stdin, line {number}" for number in numbers(1)),
        )
    return _texts_of_file(source, columns)


def _texts_of_file(path: Path, columns: Columns | None) -> GivenTexts:
    from edgebert.data.streaming import stream_places, stream_texts

    if path.exists() and not path.is_file() and not path.is_dir():
        return _texts_of_pipe(path, stream_texts(path, columns=columns))
    count, sha256, pairs = _survey(stream_texts(path, columns=columns))
    if not count:
        raise InputError(f"{path} holds no text")
    return GivenTexts(
        lambda: iter([stream_texts(path, columns=columns)]),
        count,
        sha256,
        pairs=pairs,
        columns=columns,
        source=str(path),
        places=lambda: stream_places(path),
    )


def _texts_of_pipe(path: Path, texts: Iterator[Text]) -> GivenTexts:
    """Texts that can be read only once, and may come slowly."""
    from edgebert.cli.texts.read_ahead import read_ahead

    first = next(texts, None)
    if first is None:
        raise InputError(f"{path} holds no text")
    come = chain([first], texts)
    pairs = not isinstance(first, str)
    return GivenTexts(lambda: map(iter, read_ahead(come)), pairs=pairs, source=str(path))


def _survey(texts: Iterable[Text]) -> tuple[int, str, bool]:
    """How many texts there are, a hash of them all, and whether they are pairs."""
    count, pairs, digest = 0, False, hashlib.sha256()
    for count, text in enumerate(texts, start=1):  # noqa: B007
        digest.update(json.dumps(text).encode() + b"\n")
        pairs = not isinstance(text, str)
    return count, digest.hexdigest(), pairs
