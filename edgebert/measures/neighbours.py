"""Whether both sides find the same nearest neighbours of a text."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from edgebert.measures.compared import Array, Compared
from edgebert.measures.formats import percent
from edgebert.measures.measure import VECTORS, Bound, Measure, Row, rounding
from edgebert.measures.similarity import all_similarities, comparable
from edgebert.records.checked import Neighbours
from edgebert.records.manifest import COSINE

_LIMIT = 5000  # texts; the similarity matrix grows with the square
_FEWEST = 12  # texts, for ten neighbours to be a choice


def neighbour_overlap(
    reference: Array,
    candidate: Array,
    k: int = 10,
    names: tuple[str, str] = (COSINE, COSINE),
) -> float:
    """Mean share of the k nearest neighbours (itself left out) that both agree on.

    Args:
        reference, candidate: float32 [n, dim] with n > k.
        k: how many neighbours.
        names: what each side compares by.
    """
    shared = [
        len(np.intersect1d(a, b, assume_unique=True))
        for a, b in zip(
            _nearest(reference, k, names[0]), _nearest(candidate, k, names[1]), strict=True
        )
    ]
    return float(np.mean(shared)) / k


def _nearest(vectors: Array, k: int, name: str) -> npt.NDArray[np.int64]:
    compared = comparable(vectors, name)
    similarity = all_similarities(compared, compared, name)
    np.fill_diagonal(similarity, -np.inf)
    return np.asarray(np.argpartition(-similarity, k, axis=1)[:, :k])


def _neighbours(compared: Compared) -> Neighbours | None:
    """Over distinct texts only: duplicates would be each other's neighbours in any order."""
    if compared.vectors is None:
        return None
    a, b = (side[:_LIMIT] for side in compared.vectors)
    _, first = np.unique(a, axis=0, return_index=True)
    if len(first) < _FEWEST:
        return None
    names = compared.similarities
    at_10, at_5, at_1 = (neighbour_overlap(a[first], b[first], k, names) for k in (10, 5, 1))
    return Neighbours(at_10, at_5, at_1)


def _in_terminal(n: Neighbours) -> Iterator[Row]:
    shares = [s for s in (n.overlap_at_1, n.overlap_at_5, n.overlap_at_10) if s is not None]
    yield "same neighbours of 1 / 5 / 10", " / ".join(f"{100 * s:.1f} %" for s in shares)


def _in_page(n: Neighbours) -> Iterator[Row]:
    for k, share in (1, n.overlap_at_1), (5, n.overlap_at_5), (10, n.overlap_at_10):
        if share is not None:
            yield f"neighbours kept, of {k}", percent(share)


def _in_card(n: Neighbours) -> Iterator[Row]:
    yield "ten nearest neighbours", f"{100 * n.overlap_at_10:.1f} % are the same"


NEIGHBOURS = Measure(
    key="neighbours",
    compute=_neighbours,
    terminal=_in_terminal,
    page=_in_page,
    card=_in_card,
    of=VECTORS,
    bound=Bound(
        name="min_neighbours",
        value=lambda neighbours: neighbours.overlap_at_10,
        least=0.0,
        most=1.0,
        subject="share of neighbours kept among the nearest ten",
        help="Smallest mean share of equal neighbours among the nearest ten.",
        slack=rounding,
    ),
)
