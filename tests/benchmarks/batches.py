"""Texts to batches and back, for peers that bring a graph but no pipeline around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tokenizers

from benchmarks.protocol import DIMENSIONS, Batching, Request, Vectors


@dataclass(frozen=True)
class Batch:
    """Texts that run together.

    Attributes:
        positions: their places in the caller's list.
        inputs: graph input name to int64 [batch, sequence], padded on the right.
    """

    positions: list[int]
    inputs: dict[str, npt.NDArray[np.int64]]


Take = Callable[[Batch, Vectors], None]
"""Takes what the graph made of a batch: float32 [batch, sequence, 384]."""

RunAll = Callable[[Iterable[Batch], Take], None]


class GraphEngine:
    """Tokenizer, batches, mean pooling and normalization around a graph."""

    def __init__(self, tokenizer: tokenizers.Tokenizer, run_all: RunAll) -> None:
        self.tokenizer = tokenizer
        self.run_all = run_all

    def embed(self, texts: Sequence[str], batching: Batching, *, sort: bool) -> Vectors:
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        groups = grouped([len(row) for row in ids], batching, sort=sort)
        return self._vectors(ids, groups)

    def single(self, request: Request) -> Vectors:
        vector: Vectors = self._vectors([request.ids], iter([[0]]))[0]
        return vector

    def _vectors(self, ids: Sequence[Sequence[int]], groups: Iterator[list[int]]) -> Vectors:
        vectors = np.empty((len(ids), DIMENSIONS), np.float32)

        def take(batch: Batch, hidden: Vectors) -> None:
            vectors[batch.positions] = pooled(hidden, batch.inputs["attention_mask"])

        self.run_all((padded(ids, group) for group in groups), take)
        return vectors


def grouped(lengths: Sequence[int], batching: Batching, *, sort: bool) -> Iterator[list[int]]:
    """Positions of the texts of each batch; sorted ones come longest first."""
    order = list(range(len(lengths)))
    if sort:
        order.sort(key=lambda position: -lengths[position])
    group: list[int] = []
    longest = 0
    for position in order:
        longest = max(longest, lengths[position])
        filled = len(group) + 1 if batching.unit == "texts" else (len(group) + 1) * longest
        if group and filled > batching.size:
            yield group
            group, longest = [], lengths[position]
        group.append(position)
    if group:
        yield group


def padded(ids: Sequence[Sequence[int]], group: list[int]) -> Batch:
    size = (len(group), max(len(ids[position]) for position in group))
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {name: np.zeros(size, np.int64) for name in names}
    for row, position in enumerate(group):
        inputs["input_ids"][row, : len(ids[position])] = ids[position]
        inputs["attention_mask"][row, : len(ids[position])] = 1
    return Batch(group, inputs)


def pooled(hidden: Vectors, mask: npt.NDArray[np.int64]) -> Vectors:
    """Mean over the tokens of a text, of length 1: float32 [batch, 384]."""
    sums = (mask[:, None, :].astype(np.float32) @ hidden)[:, 0]
    normalized: Vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return normalized


def in_threads(run: Callable[[Batch], Vectors], callers: int) -> RunAll:
    """Run batches from so many threads at a time; with one, in the calling thread."""
    if callers == 1:

        def one_by_one(batches: Iterable[Batch], take: Take) -> None:
            for batch in batches:
                take(batch, run(batch))

        return one_by_one

    pool = ThreadPoolExecutor(callers)

    def at_once(batches: Iterable[Batch], take: Take) -> None:
        list(pool.map(lambda batch: take(batch, run(batch)), batches))

    return at_once


def share_out(
    texts: Sequence[str],
    embed: Callable[[list[str]], Vectors],
    *,
    chunk: int,
    callers: int,
    sort: bool,
) -> Vectors:
    """Hand texts to an interface that takes texts: all at once, or in chunks to several callers."""
    order = list(range(len(texts)))
    if sort:
        order.sort(key=lambda position: -len(texts[position]))
    size = len(order) if callers == 1 else chunk
    chunks = [order[i : i + size] for i in range(0, len(order), size)]
    vectors = np.empty((len(texts), DIMENSIONS), np.float32)

    def answer(positions: list[int]) -> None:
        vectors[positions] = embed([texts[position] for position in positions])

    if callers == 1:
        answer(order)
    else:
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(answer, chunks))
    return vectors
