"""Texts and vectors side by side: what a caller gave, and how alike they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.vectors.forms import BINARY, Vectors, floats, is_bits, lengths, packed, unit, width_of
from edgebert.vectors.similarity_function import SimilarityFunction, likeness, numbers


def is_one(values: Any) -> bool:
    """Whether this is one text or one vector, not several."""
    if isinstance(values, np.ndarray):
        return values.ndim == 1 and are_vectors(values)
    return isinstance(values, str | bytes)


def are_vectors(values: Any) -> bool:
    """Whether an array or a list holds vectors, not texts."""
    if isinstance(values, np.ndarray):
        return values.dtype.kind not in "OUST"
    return len(values) > 0 and isinstance(values[0], np.ndarray)


def listed_values(name: str, values: Any) -> Vectors | list[Any]:
    """Vectors as an array, and texts as a list.

    Args:
        name: of the values, for errors.
        values: a text, texts, an array [dim] or [n, dim], or arrays [dim].

    Returns:
        Of vectors [n, dim].

    Raises:
        InputError: the values are no vectors of a known form, and cannot be texts.
    """
    if not isinstance(values, Iterable):
        raise InputError(f"{name}: expected texts or vectors, not {type(values).__name__}")
    listed = [values] if is_one(values) else values
    if not isinstance(listed, np.ndarray):
        listed = list(listed)
    if not are_vectors(listed):
        return list(listed)
    vectors = listed if isinstance(listed, np.ndarray) else _stacked(name, listed)
    known = vectors.dtype.kind == "f" or vectors.dtype in (np.int8, np.uint8)
    if vectors.ndim != 2 or not known:
        shape = " x ".join(map(str, vectors.shape)) or "a number"
        raise InputError(
            f"{name}: expected texts, or vectors [n, dim] of float32, float16, int8 or uint8 "
            f"(bits), not {shape} of {vectors.dtype}"
        )
    return vectors


def require_same_width(a: Vectors, b: Vectors, names: tuple[str, str]) -> None:
    """Raise InputError where the two sides were not embedded alike."""
    if width_of(a) != width_of(b):
        raise InputError(
            f"{names[0]} of {width_of(a)} numbers and {names[1]} of {width_of(b)} do not compare: "
            "embed both with the same model and truncate_dim"
        )


def as_bits(vectors: Vectors) -> Vectors:
    """The signs of vectors; bits as they are."""
    return vectors if is_bits(vectors) else packed(floats(vectors), BINARY)


def cosines(a: Vectors, b: Vectors, names: tuple[str, str]) -> Array:
    """Cosine of each row of one side to each of the other, float32 [n, m].

    Where one side holds bits, only the signs of the other count: 1 - 2 * (share of the bits that
    differ), the cosine of vectors of 1 and -1.

    Raises:
        InputError: their widths differ, or a number is not finite.
    """
    require_same_width(a, b, names)
    if is_bits(a) != is_bits(b):
        a, b = as_bits(a), as_bits(b)
    left, right = (_directions(side, name) for side, name in zip((a, b), names, strict=True))
    return np.asarray(np.clip(left @ right.T, -1, 1))


def similarities(
    a: Vectors, b: Vectors, names: tuple[str, str], measure: SimilarityFunction
) -> Array:
    """How alike each row of one side is to each of the other, float32 [n, m].

    Where one side holds bits, only the signs of the other count.

    Raises:
        InputError: their widths differ, a number is not finite, or the measure needs lengths,
            which the form of one side does not keep.
    """
    if measure.is_cosine:
        return cosines(a, b, names)
    require_same_width(a, b, names)
    for side, name in zip((a, b), names, strict=True):
        measure.require_lengths(side, name)
    if is_bits(a) != is_bits(b):
        a, b = as_bits(a), as_bits(b)
    left, right = numbers(a), numbers(b)
    for side, name in zip((left, right), names, strict=True):
        require_finite(lengths(side.astype(np.float64)), name, 0)
    if not measure.is_distance:
        return np.asarray(left.astype(np.float64) @ right.T.astype(np.float64), np.float32)
    rows = [likeness(right, one, measure.name) for one in left.astype(np.float64)]
    return np.asarray(rows, np.float32).reshape(len(left), len(right))


def require_finite(sizes: npt.NDArray[Any], name: str, start: int) -> None:
    """Raise InputError for the first vector, counted from `start`, whose length is no number."""
    for i in np.flatnonzero(~np.isfinite(sizes))[:1]:
        raise InputError(f"{name}: vector {start + i} holds a number that is not finite")


def _stacked(name: str, rows: Sequence[Any]) -> Vectors:
    shapes = {np.shape(row) for row in rows}
    if len(shapes) > 1 or not all(isinstance(row, np.ndarray) for row in rows):
        raise InputError(f"{name}: vectors of different lengths, or not all of them vectors")
    return np.stack(rows)


def _directions(vectors: Vectors, name: str) -> Array:
    wide = floats(vectors).astype(np.float64)  # in which no square of a float32 is too large
    require_finite(lengths(wide), name, 0)
    return unit(wide).astype(np.float32)
