"""A corpus as documents of sentences, read from disk anew in each pass over it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgebert.data.lines import stream_lines
from edgebert.errors import InputError

Document = list[str]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")
_FEWEST = 3  # documents: one is held out, and of two others each is what does not follow the other


@dataclass(frozen=True)
class Corpus:
    """Text files, of which one document at a time is in memory.

    A file has one sentence a line and a blank line between documents. Where it has no blank line,
    each line is a document, cut into sentences at the end marks of English and Chinese.
    """

    paths: Sequence[Path]

    def __iter__(self) -> Iterator[Document]:
        for path in self.paths:
            yield from _documents(path)

    def sentences(self) -> Sentences:
        return Sentences(self)

    def count(self) -> int:
        """How many documents have a sentence that follows another one.

        Raises:
            InputError: a file cannot be read, or there is too little text to learn from.
        """
        count = sum(len(document) > 1 for document in self)
        if count < _FEWEST:
            raise InputError(
                f"{', '.join(map(str, self.paths))}: expected at least {_FEWEST} documents of 2 "
                "sentences or more (one sentence a line, a blank line between documents), found "
                f"{count}"
            )
        return count


@dataclass(frozen=True)
class Sentences:
    """All sentences of a corpus, which can be gone through more than once."""

    corpus: Corpus

    def __iter__(self) -> Iterator[str]:
        for document in self.corpus:
            yield from document


def _documents(path: Path) -> Iterator[Document]:
    if any(not line.strip() for line in stream_lines(path)):
        yield from _between_blank_lines(stream_lines(path))
    else:
        for line in stream_lines(path):
            yield [sentence for sentence in _SENTENCE_END.split(line.strip()) if sentence]


def _between_blank_lines(lines: Iterable[str]) -> Iterator[Document]:
    document: Document = []
    for line in map(str.strip, lines):
        if line:
            document.append(line)
        elif document:
            yield document
            document = []
    if document:
        yield document
