"""By what vectors are compared: cosine, dot product, or the negative of a distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgebert.bounds import check_choice, unknown_choice
from edgebert.errors import InputError
from edgebert.records.manifest import COSINE, DOT, EUCLIDEAN, MANHATTAN, SIMILARITIES
from edgebert.vectors.forms import BINARY, INT8, Vectors, floats, is_bits, unit

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SimilarityFunction:
    """What a model's vectors are compared by.

    Attributes:
        name: one of `edgebert.records.manifest.SIMILARITIES`.
        unit: whether the model's vectors have length 1, so that no form of them loses it.
    """

    name: str = COSINE
    unit: bool = False

    def __post_init__(self) -> None:
        """Raise InputError for a name that there is not."""
        check_choice("similarity", self.name, SIMILARITIES)

    @property
    def is_cosine(self) -> bool:
        return self.name == COSINE

    @property
    def is_distance(self) -> bool:
        return self.name in (EUCLIDEAN, MANHATTAN)

    def require_kept(self, dtype: str) -> None:
        """Raise InputError where vectors of a form could not be compared by this."""
        if dtype in (INT8, BINARY) and not (self.is_cosine or self.unit):
            raise InputError(
                f"dtype={dtype!r} keeps no lengths, and this model compares by {self.name}, which "
                "needs them: float32 and float16 keep them"
            )

    def require_lengths(self, vectors: Vectors, name: str) -> None:
        """Raise InputError where the form of vectors lost what they are compared by."""
        if not (self.is_cosine or self.unit or vectors.dtype.kind == "f"):
            form = "bits keep" if is_bits(vectors) else "int8 keeps"
            raise InputError(
                f"{name}: {form} no lengths, and this model compares by {self.name}, which needs "
                "them: embed with dtype float32 or float16"
            )


BY_COSINE = SimilarityFunction()


def numbers(vectors: Vectors) -> npt.NDArray[np.float32]:
    """Vectors of any form as float32 [n, dim], at the length that they had as float32.

    Of int8 and bits it is 1: where it differs, these are not compared (`require_lengths`).
    """
    return floats(vectors) if vectors.dtype.kind == "f" else unit(floats(vectors))


def likeness(rows: npt.NDArray[np.floating], other: Doubles, name: str) -> Doubles:
    """How alike each row is to one vector, each row by itself, so that equal rows tie.

    Args:
        rows: [n, dim].
        other: [dim].
        name: one of `SIMILARITIES`; for cosine, of vectors of length 1.
    """
    if name in (COSINE, DOT):
        return np.asarray(np.einsum("ij,j->i", rows.astype(np.float64), other))
    apart = np.abs(rows - other)
    if name == EUCLIDEAN:
        return np.asarray(-np.sqrt(np.square(apart).sum(axis=1)))
    if name == MANHATTAN:
        return np.asarray(-apart.sum(axis=1))
    raise unknown_choice("similarity", name, SIMILARITIES)
