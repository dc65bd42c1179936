"""Forms of a vector: cut short, in fewer bits, and back to floats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.bounds import check_choice, check_number, unknown_choice
from edgebert.errors import InputError

F = TypeVar("F", np.float32, np.float64)

Vectors = npt.NDArray[Any]
"""[n, dim] in one of `DTYPES`; of bits uint8 [n, dim / 8]."""

FLOAT32, FLOAT16, INT8, BINARY = "float32", "float16", "int8", "binary"
DTYPES = (FLOAT32, FLOAT16, INT8, BINARY)
"""Forms of a vector, by the dtype of its numbers."""

TINY = 1e-12
"""A vector shorter than this has no direction."""

_ONES = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
"""How many bits of a byte are 1."""


@dataclass(frozen=True)
class Form:
    """The form that vectors are given in.

    Attributes:
        dim: how many numbers of a vector are kept.
        normalize: whether what is kept is brought back to length 1.
        dtype: one of `DTYPES`.
    """

    dim: int
    normalize: bool
    dtype: str

    def of(self, vector: Array) -> Vectors:
        """A vector of the model, float32 [width], in this form, and in memory of its own."""
        return np.array(packed(shortened(vector, self.dim, normalize=self.normalize), self.dtype))

    def matrix(self, vectors: Iterable[Vectors], n: int) -> Vectors:
        """So many vectors of this form as one array."""
        numbers = (np.uint8, self.dim // 8) if self.dtype == BINARY else (self.dtype, self.dim)
        return np.fromiter(vectors, np.dtype((numbers[0], (numbers[1],))), count=n)


def check_form(width: int, *, normalize: bool, truncate_dim: int | None, dtype: str) -> Form:
    """The form that is asked for.

    Raises:
        InputError: vectors of this width cannot be given in it.
    """
    dim = width if truncate_dim is None else check_number("truncate_dim", truncate_dim, 1, width)
    if check_choice("dtype", dtype, DTYPES) == BINARY and dim % 8:
        raise InputError(
            f"dtype='binary' packs 8 numbers into a byte, and here are {dim}: "
            f"truncate_dim={dim - dim % 8 or 8} gives whole bytes"
        )
    return Form(dim, normalize, dtype)


def shortened(vectors: Array, dim: int, *, normalize: bool) -> Array:
    """The first `dim` numbers of each vector, at length 1 again where the model does that.

    Kusupati et al. 2022, "Matryoshka Representation Learning".
    """
    if dim == vectors.shape[-1]:
        return vectors
    return unit(vectors[..., :dim]) if normalize else vectors[..., :dim]


def packed(vectors: Array, dtype: str) -> Vectors:
    """Vectors in another form.

    int8: each vector times 127 over its largest magnitude. A scale of its own needs no
    calibration and clips nothing, and no cosine depends on it. Lengths and dot products are lost.
    binary: a bit for each number, whether it is above 0, the first in the highest bit of a byte
    (what sentence-transformers calls ubinary).

    Args:
        vectors: float32 [..., dim].
        dtype: one of `DTYPES`.
    """
    if dtype == BINARY:
        return np.packbits(vectors > 0, axis=-1)
    if dtype == INT8:
        largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=TINY)
        return np.asarray(np.rint(vectors * (127 / largest)), np.int8)
    if dtype == FLOAT16:
        return vectors.astype(np.float16)
    if dtype == FLOAT32:
        return vectors
    raise unknown_choice("dtype", dtype, DTYPES)


def floats(vectors: Vectors) -> Array:
    """Vectors of any form as float32 [n, dim]; a bit is 1 or -1."""
    if is_bits(vectors):
        return np.unpackbits(vectors, axis=-1).astype(np.float32) * 2 - 1
    return np.asarray(vectors, np.float32)


def is_bits(vectors: Vectors) -> bool:
    return bool(vectors.dtype == np.uint8)


def words_of(bits: Vectors) -> npt.NDArray[np.uint8 | np.uint64]:
    """The same bits, eight bytes to a word where they fill words."""
    whole = np.ascontiguousarray(bits)
    return whole.view(np.uint64) if bits.shape[1] % 8 == 0 else whole


def ones_of(words: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """How many bits of each row are 1, float32 [n]."""
    if hasattr(np, "bitwise_count"):  # numpy 2
        counts = np.bitwise_count(words)
    else:
        counts = _ONES[words.view(np.uint8)]
    return np.asarray(counts.sum(axis=1), np.float32)


def width_of(vectors: Vectors) -> int:
    """Numbers in each vector."""
    return int(vectors.shape[1]) * (8 if is_bits(vectors) else 1)


def unit(vectors: npt.NDArray[F]) -> npt.NDArray[F]:
    """Each vector over its length; one of zeros stays one."""
    sizes = np.maximum(lengths(vectors), vectors.dtype.type(TINY))
    return np.asarray(vectors / sizes[..., None], vectors.dtype)


def lengths(vectors: npt.NDArray[F]) -> npt.NDArray[F]:
    """Euclidean length of each vector."""
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", vectors, vectors)), vectors.dtype)
