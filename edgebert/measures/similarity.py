"""How alike vectors are, by what their model compares by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgebert.measures.compared import Array, Floats
from edgebert.records.manifest import COSINE, DOT, EUCLIDEAN


def cosines(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Cosine of each row of `a`, [n, dim], with the same row of `b`.

    Two zero rows are equal; a row beside a zero row, or with a nan, is as far as can be: -1.
    """
    left, right = np.asarray(a, np.float64), np.asarray(b, np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    equal = (left == right).all(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result = np.where(equal, 1.0, (left * right).sum(axis=1) / norms)
    return np.asarray(np.clip(np.nan_to_num(result, nan=-1.0), -1.0, 1.0))


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
