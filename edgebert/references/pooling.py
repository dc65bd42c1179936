"""Pooling in numpy, for graphs and checkpoints that stop at the token vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import assert_never

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.sentence_modules import (
    Dense,
    LayerNorm,
    Normalize,
    Pooling,
    SentenceModules,
    Step,
    Truncate,
)

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
    pooled = [pool(hidden, mask, pooling) for pooling in modules.poolings]
    vectors = np.concatenate(pooled, axis=1)
    for step in modules.steps:
        vectors = apply(step, vectors)
    return vectors


def pool(hidden: Array, mask: npt.NDArray[np.integer], pooling: Pooling) -> Array:
    """Pool float32 [batch, sequence, hidden] to [batch, hidden], without padding.

    A row that is all padding gives zeros.
    """
    rows = [
        _pool_one(row, np.flatnonzero(real), pooling)
        for row, real in zip(hidden, mask, strict=True)
    ]
    return np.stack(rows)


def apply(step: Step, vectors: Array) -> Array:
    """One step, on float32 [batch, width]."""
    match step:
        case Dense():
            return _dense(step, vectors)
        case LayerNorm():
            centred = vectors - vectors.mean(axis=1, keepdims=True)
            spread = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + step.epsilon)
            return np.asarray(centred / spread * step.weight() + step.bias(), np.float32)
        case Truncate():
            return vectors[:, : step.dimension]
        case Normalize():
            return unit(vectors)
        case _:
            assert_never(step)


def _dense(dense: Dense, vectors: Array) -> Array:
    linear = vectors @ dense.weight().T + dense.bias_or_zeros()
    made = _ACTIVATIONS[dense.activation](linear)
    if dense.residual:
        weight = dense.residual_weight()
        made = made + (vectors if weight is None else vectors @ weight.T)
    return np.asarray(made, np.float32)


def unit(vectors: Array) -> Array:
    """Scale each row to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _pool_one(row: Array, places: npt.NDArray[np.intp], pooling: Pooling) -> Array:
    """Pool the tokens of one text, [tokens, hidden], at the places that are not padding."""
    tokens = row[places]
    if not len(tokens):
        return np.zeros(tokens.shape[1], tokens.dtype)
    match pooling:
        case "mean":
            return np.asarray(tokens.mean(axis=0))
        case "mean_sqrt_len_tokens":
            return np.asarray(tokens.sum(axis=0) / np.sqrt(np.float32(len(tokens))))
        case "weightedmean":
            weights = (places - places[0] + 1).astype(np.float32)
            return np.asarray(weights @ tokens / weights.sum())
        case "max":
            return np.asarray(tokens.max(axis=0))
        case "cls":
            return np.asarray(tokens[0])
        case "lasttoken":
            return np.asarray(tokens[-1])
        case _:
            assert_never(pooling)
