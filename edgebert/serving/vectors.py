"""Vectors as a client asked for them."""

from __future__ import annotations

import numpy as np

from edgebert.arrays import Array
from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.models import ServedModel


def numbers_kept(dimensions: int | None, served: ServedModel) -> int | None:
    """How many numbers of a vector are kept.

    Raises:
        ApiError: 422 more than it has.
    """
    width = served.model.width
    if dimensions is not None and dimensions > width:
        message = f"dimensions={dimensions}: vectors of {served.name} have {width} numbers"
        raise ApiError(422, VALIDATION, message, param="dimensions")
    return dimensions


def as_asked(
    vectors: Array, normalize: bool | None, served: ServedModel
) -> tuple[Array, dict[str, str]]:
    """Bring vectors to length 1 where that is asked for, and tell where it cannot be undone.

    Args:
        vectors: float32 [..., dim] of the bundle.
        normalize: what was asked; None for vectors as the bundle gives them.
        served: the bundle.

    Returns:
        The vectors, and headers that tell what was done: `x-normalized`.
    """
    if normalize is None or normalize == served.normalizes:
        return vectors, {}
    if served.normalizes:
        return vectors, {"x-normalized": "true"}
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.maximum(lengths, np.float32(1e-12)), {"x-normalized": "true"}
