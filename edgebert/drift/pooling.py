"""Pooling in numpy, for graphs and checkpoints that stop at the token vectors."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from edgebert.runtimes.answers import Array
from edgebert.sentence_modules import Dense, SentenceModules

_ACTIVATIONS: dict[str, Callable[[Array], npt.NDArray[np.floating]]] = {
    "Identity": lambda x: x,
    "Tanh": np.tanh,
    "ReLU": lambda x: np.maximum(x, 0),
    "GELU": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "SiLU": lambda x: x / (1 + np.exp(-x)),
}
"""By the names of `edgebert.sentence_modules.ACTIVATIONS`."""


def embeddings(hidden: Array, mask: npt.NDArray[np.integer], modules: SentenceModules) -> Array:
    """Embeddings float32 [batch, width] of token vectors [batch, sequence, hidden]."""
    vectors = pool(hidden, mask, modules.pooling)
    for dense in modules.dense:
        vectors = apply(dense, vectors)
    return unit(vectors) if modules.normalize else vectors


def pool(hidden: Array, mask: npt.NDArray[np.integer], pooling: str) -> Array:
    """Pool float32 [batch, sequence, hidden] to [batch, hidden], without padding.

    A row that is all padding gives zeros.
    """
    rows = [
        _pool_one(row[real.astype(bool)], pooling) for row, real in zip(hidden, mask, strict=True)
    ]
    return np.stack(rows)


def apply(dense: Dense, vectors: Array) -> Array:
    """A linear layer and its activation, on float32 [batch, in_features]."""
    linear = vectors @ dense.weight().T + dense.bias_or_zeros()
    return np.asarray(_ACTIVATIONS[dense.activation](linear), np.float32)


def unit(vectors: Array) -> Array:
    """Scale each row to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _pool_one(tokens: Array, pooling: str) -> Array:
    """Pool the tokens of one text that are not padding, [tokens, hidden]."""
    if not len(tokens):
        return np.zeros(tokens.shape[1], tokens.dtype)
    if pooling == "mean":
        return np.asarray(tokens.mean(axis=0))
    if pooling == "max":
        return np.asarray(tokens.max(axis=0))
    return np.asarray(tokens[0 if pooling == "cls" else -1])
