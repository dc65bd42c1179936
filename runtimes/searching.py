"""The nearest vectors of a corpus: all of them compared, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.errors import InputError
from edgebert.runtimes.answers import Array
from edgebert.runtimes.ranking import Hit
from edgebert.runtimes.similarity import (
    are_vectors,
    as_bits,
    is_one,
    require_finite,
    require_same_width,
    vectors_of,
)
from edgebert.runtimes.vectors import (
    TINY,
    Vectors,
    floats,
    is_bits,
    lengths,
    ones_of,
    unit,
    width_of,
    words_of,
)

Doubles = npt.NDArray[np.float64]

Rough = Callable[[Vectors, int], Array]
"""Cosines, nearly right, float32 [n, m], of n queries and m vectors from one of the corpus on."""

_NUMBERS = 4_000_000
"""Numbers of the corpus, and scores, that are looked at together: 16 MB as float32."""

_QUERIES = 256


def corpus_of(corpus: Any, embed: Callable[[Any], Vectors]) -> tuple[list[str] | None, Vectors]:
    """Texts of a corpus, None where it is given as vectors, and its vectors.

    Raises:
        InputError: it is neither, or empty.
    """
    if isinstance(corpus, str | bytes) or not isinstance(corpus, Iterable):
        raise InputError(f"corpus: expected texts or vectors, not {type(corpus).__name__}")
    listed = corpus if isinstance(corpus, np.ndarray) else list(corpus)
    if not len(listed):
        raise InputError("the corpus is empty")
    vectors = vectors_of("corpus", listed, embed)
    return None if are_vectors(listed) else list(map(str, listed)), vectors


def search_each(
    queries: Any, embed: Callable[[Any], Any], corpus: Vectors, k: int, texts: Sequence[str] | None
) -> Any:
    """Search for one query, for several together, or for those of a stream one by one.

    Args:
        queries: texts or vectors.
        embed: gives vectors of a list of texts, and of a stream one by one.
        corpus, k, texts: as for `search`.
    """
    if is_one(queries) or hasattr(queries, "__len__"):
        found = search(vectors_of("queries", queries, embed), corpus, k, texts)
        return found[0] if is_one(queries) else found
    if not isinstance(queries, Iterable):
        raise InputError(f"queries: expected texts or vectors, not {type(queries).__name__}")
    return _search_stream(iter(queries), embed, corpus, k, texts)


def _search_stream(
    queries: Iterator[Any],
    embed: Callable[[Any], Any],
    corpus: Vectors,
    k: int,
    texts: Sequence[str] | None,
) -> Iterator[list[Hit]]:
    for first in queries:
        all_of_them = chain([first], queries)
        vectors = all_of_them if isinstance(first, np.ndarray) else embed(all_of_them)
        for place, vector in enumerate(vectors):
            one = vectors_of("queries", vector, embed)
            yield search(one, corpus, k, texts, place=place)[0]


def search(
    queries: Vectors,
    corpus: Vectors,
    k: int,
    texts: Sequence[str] | None = None,
    *,
    place: int = 0,
) -> list[list[Hit]]:
    """The k nearest of the corpus for each query, nearest first, of equals the first one first.

    Args:
        queries: [n, dim].
        corpus: [m, dim], at least one; an array mapped from a file is read block by block.
        k: at least 1.
        texts: of the corpus.
        place: of the first query, for errors.

    Raises:
        InputError: the vectors are of different widths, or a number is not finite.
    """
    require_same_width(queries, corpus, ("queries", "a corpus"))
    if is_bits(corpus):
        queries = as_bits(queries)
    found: list[list[Hit]] = []
    for start in range(0, len(queries), _QUERIES):
        part = queries[start : start + _QUERIES]
        require_finite(_sizes(floats(part)), "queries", place + start)
        for indices, scores in _nearest(part, corpus, min(k, len(corpus))):
            found.append(
                [
                    Hit(
                        int(i),
                        min(1.0, max(-1.0, float(score))),
                        texts[i] if texts is not None else None,
                    )
                    for i, score in zip(indices, scores, strict=True)
                ]
            )
    return found


def _nearest(
    queries: Vectors, corpus: Vectors, k: int
) -> list[tuple[npt.NDArray[np.intp], Doubles]]:
    """Indices and cosines of the k nearest, for each query.

    Candidates come from a product in float32, whose last digits depend on where in it a row
    stands: equal vectors would not tie. So whatever may be among the k is compared again in
    float64, each row by itself.

    Args:
        queries: [n, dim].
        corpus: [m, dim]; of bits, or where the queries are, only its signs count.
        k: at most m.
    """
    dim = width_of(corpus)
    units = unit(floats(queries).astype(np.float64))
    rough = _rough_bits(queries) if is_bits(queries) else _rough_floats(units)
    margin = (dim + 8) * 2.0**-22  # more than rough can be off by: 2^-24 for each number
    best = [(np.zeros(0, np.intp), np.zeros(0)) for _ in units]
    floor = np.full(len(units), -np.inf)  # what a row must reach to be one of the k
    block = max(1, _NUMBERS // max(dim, len(units)))
    for start in range(0, len(corpus), block):
        part = corpus[start : start + block]
        if is_bits(queries):
            part = as_bits(part)
        scores = rough(part, start)
        for i in np.flatnonzero((scores >= floor[:, None]).any(axis=1)):
            near = _candidates(scores[i], floor[i], k, margin)
            indices = np.concatenate([best[i][0], start + near])
            exact = np.concatenate([best[i][1], _cosines(units[i], floats(part[near]))])
            order = np.argsort(-exact, kind="stable")[:k]
            best[i] = indices[order], exact[order]
            if len(order) == k:
                floor[i] = exact[order[-1]] - margin
    return best


def _rough_floats(units: Doubles) -> Rough:
    queries = units.astype(np.float32)

    def scores(part: Vectors, start: int) -> Array:
        rows = floats(part)
        sizes = _sizes(rows)
        require_finite(sizes, "corpus", start)
        return np.asarray((queries @ rows.T) / np.maximum(sizes, TINY).astype(np.float32))

    return scores


def _rough_bits(queries: Vectors) -> Rough:
    """By the bits that differ, which are counted where they are packed."""
    asked = [words_of(query[None]) for query in queries]
    per_bit = np.float32(2 / width_of(queries))

    def scores(part: Vectors, start: int) -> Array:
        rows = words_of(part)
        return np.stack([1 - per_bit * ones_of(rows ^ query) for query in asked])

    return scores


def _candidates(scores: Array, floor: np.float64, k: int, margin: float) -> npt.NDArray[np.intp]:
    """Places, ascending, of the scores that may be among the k largest of all."""
    near = np.flatnonzero(scores >= floor)
    if len(near) > k:
        least = np.partition(scores[near], -k)[-k] - 2 * margin
        near = near[scores[near] >= least]
    return near


def _cosines(query: Doubles, rows: Array) -> Doubles:
    """Of a query of length 1 and each row."""
    wide = rows.astype(np.float64)
    sizes = np.maximum(lengths(wide), TINY)
    return np.asarray(np.einsum("ij,j->i", wide, query) / sizes)


def _sizes(rows: Array) -> Doubles:
    """Length of each row, in float64, in which no square of a float32 is too large."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64)))
