"""A corpus as token ids on disk: what is in memory of it is what is being read."""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from edgebert.training.pretraining.corpus import Document

_HELD_OUT = 20  # one document in so many
_AT_ONCE = 256  # documents that are tokenized together

Ints = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class TokenStore:
    """Documents of sentences of tokens, in memory-mapped arrays.

    Attributes:
        tokens: uint32 [tokens], ids of all sentences one after the other.
        sentences: int64 [sentences + 1], where each begins among the tokens, and where the last
            one ends.
        documents: int64 [documents + 1], the same among the sentences.
    """

    tokens: Ints
    sentences: Ints
    documents: Ints

    def __len__(self) -> int:
        return len(self.documents) - 1


class _Writer:
    """Appends documents to the files of a store."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._tokens = (folder / "tokens").open("wb")
        self._sentences = (folder / "sentences").open("wb")
        self._documents = (folder / "documents").open("wb")
        self._written = self._cut = 0
        self._mark(self._sentences, 0)
        self._mark(self._documents, 0)

    def add(self, sentences: Iterable[Sequence[int]]) -> None:
        """Append a document, where it has a word."""
        before = self._cut
        for ids in sentences:
            array("I", ids).tofile(self._tokens)
            self._written += len(ids)
            self._cut += 1
            self._mark(self._sentences, self._written)
        if self._cut > before:
            self._mark(self._documents, self._cut)

    def close(self) -> TokenStore:
        for file in (self._tokens, self._sentences, self._documents):
            file.close()
        return TokenStore(
            np.memmap(self._folder / "tokens", np.uint32, "r"),
            np.memmap(self._folder / "sentences", np.int64, "r"),
            np.memmap(self._folder / "documents", np.int64, "r"),
        )

    @staticmethod
    def _mark(file: Any, number: int) -> None:
        array("q", [number]).tofile(file)


def store_tokens(
    documents: Iterable[Document],
    count: int,
    tokenizer: PreTrainedTokenizerBase,
    longest: int,
    folder: Path,
    generator: random.Random,
) -> tuple[TokenStore, TokenStore]:
    """Tokenize documents onto disk: those to train on, and about one in twenty to measure on.

    Args:
        documents: of sentences.
        count: how many of them have several sentences; of these some are held out, at least one.
        tokenizer: of their words.
        longest: tokens that a sentence may have; a longer one becomes several.
        folder: where to; the stores read from there as long as they live.
        generator: of which documents are held out.
    """
    train, held_out = _Writer(folder / "train"), _Writer(folder / "held-out")
    holds = _holds_out(count, generator)
    for document in _tokenized(documents, tokenizer):
        writer = held_out if len(document) > 1 and next(holds) else train
        writer.add(piece for ids in document for piece in _pieces(ids, longest))
    return train.close(), held_out.close()


def _holds_out(count: int, generator: random.Random) -> Iterator[bool]:
    """For each document whether it is held out: one, drawn at random, of each stretch of equals."""
    held = max(1, count // _HELD_OUT)
    for stretch in range(held):
        size = (stretch + 1) * count // held - stretch * count // held
        drawn = generator.randrange(size)
        yield from (place == drawn for place in range(size))


def _tokenized(
    documents: Iterable[Document], tokenizer: PreTrainedTokenizerBase
) -> Iterator[list[list[int]]]:
    """The token ids of each sentence of each document."""
    rest = iter(documents)
    while some := list(islice(rest, _AT_ONCE)):
        sentences = [sentence for document in some for sentence in document]
        if not sentences:
            continue
        read = tokenizer(
            sentences,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        ids = iter(read["input_ids"])
        yield from ([*islice(ids, len(document))] for document in some)


def _pieces(ids: Sequence[int], longest: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), longest):
        yield ids[start : start + longest]
