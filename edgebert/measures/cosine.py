"""The cosine of each embedding to its reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgebert.measures.compared import Compared
from edgebert.measures.formats import cosine
from edgebert.measures.measure import VECTORS, Bound, Measure, Row, rounding
from edgebert.records.checked import Cosine


def _cosine(compared: Compared) -> Cosine | None:
    if compared.vectors is None:
        return None
    values = 1 - compared.distances
    return Cosine(float(values.mean()), float(np.percentile(values, 1)), float(values.min()))


def _in_terminal(c: Cosine) -> Iterator[Row]:
    yield "cosine mean / p01 / min", f"{c.mean:.5f} / {c.p01:.4f} / {c.min:.4f}"


def _in_page(c: Cosine) -> Iterator[Row]:
    yield "cosine, mean", cosine(c.mean)
    yield "cosine, lowest 1 %", cosine(c.p01)
    yield "cosine, lowest", cosine(c.min)


def _in_card(c: Cosine) -> Iterator[Row]:
    yield "cosine", f"mean {c.mean:.5f}, p01 {c.p01:.5f}, least {c.min:.5f}"


COSINE = Measure(
    key="cosine",
    compute=_cosine,
    terminal=_in_terminal,
    page=_in_page,
    card=_in_card,
    of=VECTORS,
    bound=Bound(
        name="min_cosine",
        value=lambda cosine: cosine.min,
        least=-1.0,
        most=1.0,
        subject="lowest cosine of a text",
        help="Smallest cosine that any one embedding may have to its reference.",
        slack=rounding,
    ),
)
