"""How much the similarity of two texts differs between the sides."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgebert.measures.compared import Array, Compared
from edgebert.measures.formats import drift
from edgebert.measures.measure import VECTORS, Measure, Row
from edgebert.measures.similarity import similarities
from edgebert.records.checked import PairSimilarity
from edgebert.records.manifest import COSINE

_PAIRS = 20_000
_SEED = 0


def pair_similarity(
    reference: Array,
    candidate: Array,
    *,
    pairs: int,
    seed: int,
    names: tuple[str, str] = (COSINE, COSINE),
) -> PairSimilarity:
    """Difference of the similarities of random pairs of different texts, [n, dim] on both sides.

    Args:
        reference, candidate: float32 [n, dim].
        pairs, seed: how many are drawn, and from which seed.
        names: what each side compares by.
    """
    random = np.random.default_rng(seed)
    first = random.integers(len(reference), size=pairs)
    second = (first + random.integers(1, len(reference), size=pairs)) % len(reference)
    before = similarities(reference[first], reference[second], names[0])
    after = similarities(candidate[first], candidate[second], names[1])
    moved = np.abs(before - after)
    return PairSimilarity(pairs, float(moved.mean()), float(moved.max()))


def _pair_similarity(compared: Compared) -> PairSimilarity | None:
    if compared.vectors is None or len(compared.distances) < 2:
        return None
    names = compared.similarities
    return pair_similarity(*compared.vectors, pairs=_PAIRS, seed=_SEED, names=names)


def _in_terminal(p: PairSimilarity) -> Iterator[Row]:
    yield "similarity of pairs off by", f"{p.mean_abs:.2g} (mean), {p.max_abs:.2g} (most)"


def _in_page(p: PairSimilarity) -> Iterator[Row]:
    yield "similarity of pairs, mean change", drift(p.mean_abs)
    yield "similarity of pairs, largest change", drift(p.max_abs)


PAIR_SIMILARITY = Measure(
    key="pair_similarity",
    compute=_pair_similarity,
    terminal=_in_terminal,
    page=_in_page,
    of=VECTORS,
)
