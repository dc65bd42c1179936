"""Scores of a search, by what a model's vectors are compared by: quickly for all, exactly for few.

A product of matrices in float32 is quick, but its last digits depend on where in it a row stands:
equal vectors would not tie. So it only says which rows may be among the nearest.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from edgebert.arrays import Array
from edgebert.records.manifest import DOT
from edgebert.vectors.forms import (
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
from edgebert.vectors.similarity import require_finite
from edgebert.vectors.similarity_function import Doubles, SimilarityFunction, likeness, numbers

_LARGE = 1e37
"""Products below this stay inside float32; and 1 over it is more than float32 loses near zero."""


class Comparer(Protocol):
    """Scores of some queries against vectors of a corpus."""

    def roughly(self, part: Vectors, start: int) -> tuple[Array, Doubles]:
        """Scores of all, nearly right.

        Args:
            part: vectors [m, dim] of the corpus.
            start: place of the first of them, for errors.

        Returns:
            [n, m], and for each query by how much any of them may be off, [n].
        """
        ...

    def exactly(self, query: int, part: Vectors) -> Doubles:
        """Scores [m] of one query, each vector by itself."""
        ...


def comparer(queries: Vectors, measure: SimilarityFunction) -> Comparer:
    """The way to compare these queries."""
    if measure.is_distance:
        return _ByDistance(queries, measure)
    if is_bits(queries):
        return _ByBits(queries)
    return _ByCosine(queries) if measure.is_cosine else _ByDot(queries)


def sizes_of(rows: Array) -> Doubles:
    """Length of each row, in float64, in which no square of a float32 is too large."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64)))


class _ByCosine:
    def __init__(self, queries: Vectors) -> None:
        self._units = unit(floats(queries).astype(np.float64))
        self._rough = self._units.astype(np.float32)
        self._off = np.full(len(queries), _rounding(width_of(queries)))

    def roughly(self, part: Vectors, start: int) -> tuple[Array, Doubles]:
        rows = floats(part)
        sizes = sizes_of(rows)
        require_finite(sizes, "corpus", start)
        scores = (self._rough @ rows.T) / np.maximum(sizes, TINY).astype(np.float32)
        return np.asarray(scores), self._off

    def exactly(self, query: int, part: Vectors) -> Doubles:
        wide = floats(part).astype(np.float64)
        products = likeness(wide, self._units[query], DOT)
        return np.asarray(products / np.maximum(lengths(wide), TINY))


class _ByBits:
    """By the bits that differ, which are counted where they are packed."""

    def __init__(self, queries: Vectors) -> None:
        self._asked = [words_of(query[None]) for query in queries]
        self._units = unit(floats(queries).astype(np.float64))
        self._off = np.full(len(queries), _rounding(width_of(queries)))
        self._per_bit = np.float32(2 / width_of(queries))

    def roughly(self, part: Vectors, start: int) -> tuple[Array, Doubles]:
        rows = words_of(part)
        return np.stack([1 - self._per_bit * ones_of(rows ^ q) for q in self._asked]), self._off

    def exactly(self, query: int, part: Vectors) -> Doubles:
        signs = floats(part).astype(np.float64)
        return np.asarray(likeness(signs, self._units[query], DOT) / np.sqrt(signs.shape[1]))


class _ByDot:
    def __init__(self, queries: Vectors) -> None:
        self._rough = numbers(queries)
        self._queries = self._rough.astype(np.float64)
        self._sizes = lengths(self._queries)

    def roughly(self, part: Vectors, start: int) -> tuple[Array, Doubles]:
        rows = numbers(part)
        sizes = sizes_of(rows)
        require_finite(sizes, "corpus", start)
        most = self._sizes * sizes.max()
        queries = self._rough if most.max() < _LARGE else self._queries
        return np.asarray(queries @ rows.T), _rounding(rows.shape[1]) * most + 1 / _LARGE

    def exactly(self, query: int, part: Vectors) -> Doubles:
        return likeness(numbers(part), self._queries[query], DOT)


class _ByDistance:
    """Each by itself: what a product of matrices makes of near vectors is mostly rounding."""

    def __init__(self, queries: Vectors, measure: SimilarityFunction) -> None:
        self._measure = measure
        self._queries = numbers(queries).astype(np.float64)

    def roughly(self, part: Vectors, start: int) -> tuple[Array, Doubles]:
        rows = numbers(part)
        require_finite(sizes_of(rows), "corpus", start)
        scores = [likeness(rows, query, self._measure.name) for query in self._queries]
        return np.stack(scores), np.zeros(len(scores))

    def exactly(self, query: int, part: Vectors) -> Doubles:
        return likeness(numbers(part), self._queries[query], self._measure.name)


def _rounding(dim: int) -> float:
    """More than a product of unit vectors in float32 is off by: 2^-24 for each number."""
    return float((dim + 8) * 2.0**-22)
