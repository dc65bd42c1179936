"""A corpus as documents of sentences, and the sentence pairs BERT learns from."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from edgebert.data.lines import read_lines
from edgebert.errors import InputError

Document = list[str]

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")
_HELD_OUT = 20  # one document in so many


def read_corpus(paths: Sequence[Path]) -> list[Document]:
    """Documents of all files; a document of one sentence has no next sentence and is left out.

    A file has one sentence a line and a blank line between documents. Where it has no blank line,
    each line is a document, cut into sentences at the end marks of English and Chinese.

    Raises:
        InputError: a file cannot be read, or there is too little text to learn from.
    """
    documents = [document for path in paths for document in _documents(read_lines(path))]
    documents = [document for document in documents if len(document) > 1]
    if len(documents) < 3:
        raise InputError(
            f"{', '.join(map(str, paths))}: expected at least 3 documents of 2 sentences or more "
            f"(one sentence a line, a blank line between documents), found {len(documents)}"
        )
    return documents


def hold_out(
    documents: Sequence[Document], generator: random.Random
) -> tuple[list[Document], list[Document]]:
    """Documents to train on, and about one in twenty (at least one) to measure on."""
    shuffled = generator.sample(documents, len(documents))
    held = max(1, len(shuffled) // _HELD_OUT)
    return shuffled[held:], shuffled[:held]


def sentence_pairs(
    documents: Sequence[Document], generator: random.Random
) -> tuple[list[tuple[str, str]], list[int]]:
    """Each sentence with the one after it, or (half of the time) with one of another document.

    Returns:
        The pairs, and for each 0 if its second sentence is the next one, 1 if it is not.
    """
    pairs, labels = [], []
    for number, document in enumerate(documents):
        for first, following in pairwise(document):
            other = generator.randrange(len(documents))
            is_random = generator.random() < 0.5 and other != number
            pairs.append((first, generator.choice(documents[other]) if is_random else following))
            labels.append(int(is_random))
    return pairs, labels


def _documents(lines: Sequence[str]) -> list[Document]:
    lines = [line.strip() for line in lines]
    if "" not in lines:
        return [[s for s in _SENTENCE_END.split(line) if s] for line in lines]
    documents: list[Document] = [[]]
    for line in lines:
        if line:
            documents[-1].append(line)
        elif documents[-1]:
            documents.append([])
    return documents
