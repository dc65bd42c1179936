"""What is timed: a number of threads, a batch size and an exact length, and inputs that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from edgebert.errors import InputError

LENGTHS = (16, 32, 128)
"""Tokens of the texts that are usually timed."""

_SEED = 0  # the same ids for every model and every run


@dataclass(frozen=True)
class Shape:
    threads: int
    batch: int
    length: int


def shapes_of(
    lengths: Sequence[int], batch_sizes: Sequence[int], threads: Sequence[int]
) -> list[Shape]:
    """Every combination once, fewest threads first.

    Raises:
        InputError: one of the three is empty or holds a number below 1.
    """
    axes = (("threads", threads), ("batch sizes", batch_sizes), ("lengths", lengths))
    for name, values in axes:
        if not values or min(values) < 1:
            raise InputError(f"{name} must be 1 or more, not {list(values)}")
    return [Shape(*each) for each in product(*(sorted(set(values)) for _, values in axes))]


def default_lengths(limit: int) -> tuple[int, ...]:
    """The usual lengths that a model takes at most `limit` tokens long; for a short one, `limit`."""
    return tuple(length for length in LENGTHS if length <= limit) or (limit,)


def check_lengths(path: str, limit: int, lengths: Sequence[int]) -> None:
    """Refuse a length that the model at `path` would truncate.

    Raises:
        InputError: a length above `limit`.
    """
    if max(lengths) > limit:
        raise InputError(
            f"length {max(lengths)} is above what {path} takes: {limit} tokens at most"
        )


def random_inputs(
    vocabulary: int, names: Iterable[str], shape: Shape
) -> dict[str, npt.NDArray[np.int64]]:
    """Inputs of any token of a vocabulary, with nothing masked.

    Returns:
        int64 [batch, length] for each of the `names`.
    """
    size = (shape.batch, shape.length)
    columns = {
        "input_ids": np.random.default_rng(_SEED).integers(vocabulary, size=size),
        "attention_mask": np.ones(size, np.int64),
        "token_type_ids": np.zeros(size, np.int64),
    }
    return {name: columns[name] for name in names}
