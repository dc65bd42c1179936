"""Whether a text's answer depends on what runs beside it, or on the padding behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from edgebert.measures.compared import Array
from edgebert.measures.formats import cosine, drift
from edgebert.measures.measure import Measure, Row
from edgebert.measures.similarity import cosines
from edgebert.records.checked import Invariance


def invariance_of(pairs: Iterable[tuple[Array, Array]]) -> Invariance:
    """How far outputs are from those that should be equal.

    One pair after the other: a row of logits for each token is megabytes.
    """
    least, difference = 1.0, 0.0
    for a, b in pairs:
        if a.size or b.size:
            a, b = _as_long(a, b)
            least = min(least, float(cosines(a.reshape(1, -1), b.reshape(1, -1))[0]))
            difference = max(difference, float(np.abs(a - b).max()))
    return Invariance(min_cosine=least, max_abs=difference)


def _as_long(a: Array, b: Array) -> tuple[Array, Array]:
    """Both with as many rows, of zeros where one has none: a translation may end elsewhere."""
    longest = max(len(a), len(b))
    more = [(0, 0)] * (a.ndim - 1)
    return tuple(np.pad(one, [(0, longest - len(one)), *more]) for one in (a, b))  # type: ignore[return-value]


def _in_terminal(beside: str, found: Invariance) -> Iterator[Row]:
    yield f"alone / {beside}", f"cosine {found.min_cosine:.5f}, {found.max_abs:.2g} at most"


def _in_page(beside: str, found: Invariance) -> Iterator[Row]:
    yield f"alone or {beside}, lowest cosine", cosine(found.min_cosine)
    yield f"alone or {beside}, largest difference", drift(found.max_abs)


BATCH_INVARIANCE: Measure[Invariance] = Measure(
    key="batch_invariance",
    compute=lambda compared: invariance_of(compared.batched()) if compared.batched else None,
    terminal=lambda found: _in_terminal("in a batch", found),
    page=lambda found: _in_page("in a batch", found),
    diff=lambda found: {},
)
PADDING_INVARIANCE: Measure[Invariance] = Measure(
    key="padding_invariance",
    compute=lambda compared: invariance_of(compared.padded()) if compared.padded else None,
    terminal=lambda found: _in_terminal("with padding", found),
    page=lambda found: _in_page("with padding", found),
    diff=lambda found: {},
)
