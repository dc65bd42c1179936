"""The nearest vectors of a corpus: all of them compared, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.vectors.comparing import comparer, sizes_of
from edgebert.vectors.forms import Vectors, floats, is_bits, width_of
from edgebert.vectors.ranking import Hit
from edgebert.vectors.similarity import (
    as_bits,
    listed_values,
    require_finite,
    require_same_width,
)
from edgebert.vectors.similarity_function import BY_COSINE, Doubles, SimilarityFunction

_NUMBERS = 4_000_000
"""Numbers of the corpus, and scores, that are looked at together: 16 MB as float32."""

_QUERIES = 256


_EMPTY = "the corpus is empty"


def corpus_of(corpus: Any) -> Any:
    """An array, or a list of texts or vectors.

    Raises:
        InputError: it is neither, or empty.
    """
    listed = corpus if isinstance(corpus, np.ndarray) else listed_corpus(corpus)
    if not len(listed):
        raise InputError(_EMPTY)
    return listed


def listed_corpus(corpus: Any) -> list[Any]:
    """The texts or vectors of a corpus.

    Raises:
        InputError: it holds none.
    """
    if isinstance(corpus, str | bytes) or not isinstance(corpus, Iterable):
        raise InputError(f"corpus: expected texts or vectors, not {type(corpus).__name__}")
    listed = list(corpus)
    if not listed:
        raise InputError(_EMPTY)
    return listed


def search_stream(
    queries: Any,
    embed: Callable[[Any], Any],
    corpus: Vectors,
    k: int,
    texts: Sequence[str] | None,
    measure: SimilarityFunction,
) -> Iterator[list[Hit]]:
    """Search for each query of a stream as it comes.

    Args:
        queries: texts or vectors.
        embed: gives vectors of a list of texts, and of a stream one by one.
        corpus, k, texts, measure: as for `search`.

    Raises:
        InputError: the queries are no stream.
    """
    if not isinstance(queries, Iterable):
        raise InputError(f"queries: expected texts or vectors, not {type(queries).__name__}")
    return _search_stream(iter(queries), embed, corpus, k, texts, measure)


def _search_stream(
    queries: Iterator[Any],
    embed: Callable[[Any], Any],
    corpus: Vectors,
    k: int,
    texts: Sequence[str] | None,
    measure: SimilarityFunction,
) -> Iterator[list[Hit]]:
    for first in queries:
        all_of_them = chain([first], queries)
        vectors = all_of_them if isinstance(first, np.ndarray) else embed(all_of_them)
        for place, vector in enumerate(vectors):
            one = listed_values("queries", vector)
            if not isinstance(one, np.ndarray):  # a text among vectors
                one = embed(one)
            yield search(one, corpus, k, texts, measure=measure, place=place)[0]


def search(
    queries: Vectors,
    corpus: Vectors,
    k: int,
    texts: Sequence[str] | None = None,
    *,
    measure: SimilarityFunction = BY_COSINE,
    place: int = 0,
) -> list[list[Hit]]:
    """The k nearest of the corpus for each query, nearest first, of equals the first one first.

    Args:
        queries: [n, dim].
        corpus: [m, dim], at least one; an array mapped from a file is read block by block.
        k: at least 1.
        texts: of the corpus.
        measure: what they are compared by.
        place: of the first query, for errors.

    Raises:
        InputError: the vectors are of different widths, a number is not finite, or the measure
            needs lengths that their form does not keep.
    """
    require_same_width(queries, corpus, ("queries", "a corpus"))
    measure.require_lengths(queries, "queries")
    measure.require_lengths(corpus, "corpus")
    if is_bits(corpus):
        queries = as_bits(queries)
    found: list[list[Hit]] = []
    for start in range(0, len(queries), _QUERIES):
        part = queries[start : start + _QUERIES]
        require_finite(sizes_of(floats(part)), "queries", place + start)
        for indices, scores in _nearest(part, corpus, min(k, len(corpus)), measure):
            if measure.is_cosine:
                scores = np.clip(scores, -1, 1)
            found.append(
                [
                    Hit(int(i), float(score), texts[i] if texts is not None else None)
                    for i, score in zip(indices, scores, strict=True)
                ]
            )
    return found


def _nearest(
    queries: Vectors, corpus: Vectors, k: int, measure: SimilarityFunction
) -> list[tuple[npt.NDArray[np.intp], Doubles]]:
    """Indices and scores of the k nearest, for each query.

    Whatever may be among the k by a rough score is scored again exactly.

    Args:
        queries: [n, dim].
        corpus: [m, dim]; of bits, or where the queries are, only its signs count.
        k: at most m.
        measure: what they are compared by.
    """
    by = comparer(queries, measure)
    best = [(np.zeros(0, np.intp), np.zeros(0)) for _ in range(len(queries))]
    reach = np.full(len(queries), -np.inf)  # the score of the last of the k
    block = max(1, _NUMBERS // max(width_of(corpus), len(queries)))
    for start in range(0, len(corpus), block):
        part = corpus[start : start + block]
        if is_bits(queries):
            part = as_bits(part)
        scores, off_by = by.roughly(part, start)
        floor = reach - off_by
        for i in np.flatnonzero((scores >= floor[:, None]).any(axis=1)):
            near = _candidates(scores[i], floor[i], k, off_by[i])
            indices = np.concatenate([best[i][0], start + near])
            exact = np.concatenate([best[i][1], by.exactly(int(i), part[near])])
            order = np.argsort(-exact, kind="stable")[:k]
            best[i] = indices[order], exact[order]
            if len(order) == k:
                reach[i] = exact[order[-1]]
    return best


def _candidates(scores: Array, floor: np.float64, k: int, margin: float) -> npt.NDArray[np.intp]:
    """Places, ascending, of the scores that may be among the k largest of all."""
    near = np.flatnonzero(scores >= floor)
    if len(near) > k:
        least = np.partition(scores[near], -k)[-k] - 2 * margin
        near = near[scores[near] >= least]
    return near
