"""Pooling in numpy, for graphs and checkpoints that stop at the token vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edgebert.runtimes.answers import Array

POOLINGS = ("mean", "cls", "max")


def pool(hidden: Array, mask: npt.NDArray[np.int64], pooling: str) -> Array:
    """Pool float32 [batch, sequence, hidden] to [batch, hidden], without padding."""
    if pooling == "cls":
        return hidden[:, 0]
    reduce = np.max if pooling == "max" else np.mean
    return np.stack(
        [reduce(row[real.astype(bool)], axis=0) for row, real in zip(hidden, mask, strict=True)]
    )


def unit(vectors: Array) -> Array:
    """Scale each row to length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
