"""How alike vectors are, by what their model compares by, and how far two sides agree on that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.drift.distances import Floats, cosines
from edgebert.records.checked import PairSimilarity
from edgebert.records.manifest import COSINE, DOT, EUCLIDEAN


def similarities(a: npt.ArrayLike, b: npt.ArrayLike, name: str) -> Floats:
    """How alike each row of `a`, [n, dim], is to the same row of `b`.

    Args:
        a, b: float32 [n, dim].
        name: one of `edgebert.records.manifest.SIMILARITIES`.
    """
    if name == COSINE:
        return cosines(a, b)
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if name == DOT:
        return np.asarray((left * right).sum(axis=1))
    order = 2 if name == EUCLIDEAN else 1
    return np.asarray(-np.linalg.norm(left - right, ord=order, axis=1))


def all_similarities(a: Array, b: Array, name: str) -> npt.NDArray[np.float32]:
    """How alike each row of one side, [n, dim], is to each of the other, float32 [n, m].

    For cosine, of vectors of length 1 (see `comparable`).
    """
    if name in (COSINE, DOT):
        return np.asarray(a @ b.T, np.float32)
    order = 2 if name == EUCLIDEAN else 1
    return np.asarray([-np.linalg.norm(b - row, ord=order, axis=1) for row in a], np.float32)


def comparable(vectors: Array, name: str) -> Array:
    """Vectors as `all_similarities` takes them."""
    if name != COSINE:
        return vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def pair_similarity(
    reference: Array,
    candidate: Array,
    *,
    pairs: int,
    seed: int,
    names: tuple[str, str] = (COSINE, COSINE),
) -> PairSimilarity:
    """Difference of the similarities of random pairs of different texts, [n, dim] on both sides.

    Args:
        reference, candidate: float32 [n, dim].
        pairs, seed: how many are drawn, and from which seed.
        names: what each side compares by.
    """
    random = np.random.default_rng(seed)
    first = random.integers(len(reference), size=pairs)
    second = (first + random.integers(1, len(reference), size=pairs)) % len(reference)
    before = similarities(reference[first], reference[second], names[0])
    after = similarities(candidate[first], candidate[second], names[1])
    moved = np.abs(before - after)
    return PairSimilarity(pairs, float(moved.mean()), float(moved.max()))


def neighbour_overlap(
    reference: Array,
    candidate: Array,
    k: int = 10,
    names: tuple[str, str] = (COSINE, COSINE),
) -> float:
    """Mean share of the k nearest neighbours (itself left out) that both agree on.

    Args:
        reference, candidate: float32 [n, dim] with n > k.
        k: how many neighbours.
        names: what each side compares by.
    """
    shared = [
        len(np.intersect1d(a, b, assume_unique=True))
        for a, b in zip(
            _neighbours(reference, k, names[0]), _neighbours(candidate, k, names[1]), strict=True
        )
    ]
    return float(np.mean(shared)) / k


def _neighbours(vectors: Array, k: int, name: str) -> npt.NDArray[np.int64]:
    compared = comparable(vectors, name)
    similarity = all_similarities(compared, compared, name)
    np.fill_diagonal(similarity, -np.inf)
    return np.asarray(np.argpartition(-similarity, k, axis=1)[:, :k])
