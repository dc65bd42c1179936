"""Whether both sides stand a text for the same pieces of the vocabulary: of sparse vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgebert.measures.compared import Array, Compared
from edgebert.measures.formats import percent
from edgebert.measures.measure import VECTORS, Measure, Row

_HEAVIEST = 32
"""Pieces of a text that an index finds it by, mostly."""


@dataclass(frozen=True)
class Pieces:
    """Mean shares over the texts that stand for any piece.

    Attributes:
        same: of the pieces of either side, those of both (Jaccard).
        heaviest: of the reference's heaviest pieces, 32 at most, those of the candidate's as many.
    """

    same: float
    heaviest: float


def _pieces(compared: Compared) -> Pieces | None:
    """Weights are never negative, as the numbers of other vectors are."""
    if compared.vectors is None or any((side < 0).any() for side in compared.vectors):
        return None
    before, after = compared.vectors
    some = (before > 0).any(axis=1) | (after > 0).any(axis=1)
    if not some.any():
        return None
    before, after = before[some], after[some]
    both = ((before > 0) & (after > 0)).sum(axis=1)
    either = ((before > 0) | (after > 0)).sum(axis=1)
    kept = [_kept(a, b) for a, b in zip(before, after, strict=True)]
    return Pieces(float(np.mean(both / either)), float(np.mean(kept)))


def _kept(before: Array, after: Array) -> float:
    """The share of one text's heaviest pieces that are among the other's."""
    wanted = min(_HEAVIEST, int((before > 0).sum()))
    if not wanted:
        return 0.0
    return len(np.intersect1d(_heaviest(before, wanted), _heaviest(after, wanted))) / wanted


def _heaviest(weights: Array, k: int) -> npt.NDArray[np.intp]:
    return np.argpartition(-weights, k - 1)[:k]


def _in_terminal(pieces: Pieces) -> Iterator[Row]:
    shares = f"{100 * pieces.heaviest:.1f} % / {100 * pieces.same:.1f} %"
    yield f"same pieces, of {_HEAVIEST} / all", shares


def _in_page(pieces: Pieces) -> Iterator[Row]:
    yield f"heaviest {_HEAVIEST} pieces kept", percent(pieces.heaviest)
    yield "pieces that both sides have", percent(pieces.same)


PIECES = Measure(
    key="pieces",
    part=Pieces,
    compute=_pieces,
    terminal=_in_terminal,
    page=_in_page,
    of=VECTORS,
)
