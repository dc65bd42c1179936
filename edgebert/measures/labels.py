"""Decisions for labels that the candidate takes otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgebert.measures.compared import Array, Compared, Integers
from edgebert.measures.formats import percent
from edgebert.measures.measure import LABELS, Bound, Measure, Row
from edgebert.measures.statistics import exact_binomial_interval
from edgebert.records.checked import Flips


def changed_decisions(
    reference: Sequence[Array], candidate: Sequence[Array], *, multi_label: bool
) -> Integers:
    """Changed and all decisions in each text, int64 [n, 2]: one for [labels], else one a token."""
    counts = []
    for a, b in zip(reference, candidate, strict=True):
        rows = 1 if a.ndim == 1 else len(a)  # 0 where a text's mask was cut away
        changed = rows if a.shape != b.shape else _changed(a, b, multi_label=multi_label)
        counts.append((changed, rows))
    return np.asarray(counts, np.int64).reshape(-1, 2)


def _changed(a: Array, b: Array, *, multi_label: bool) -> int:
    if multi_label:
        return int(((a >= 0) != (b >= 0)).any())
    return int(np.sum(a.argmax(axis=-1) != b.argmax(axis=-1)))


def label_flips(decisions: Integers, of: str = "labels") -> Flips:
    """Sum up `changed_decisions`, which are `of` something."""
    flips, n = (int(total) for total in decisions.sum(axis=0))
    return Flips(flips, n, flips / max(n, 1), exact_binomial_interval(flips, n), of)


def _flips(compared: Compared) -> Flips | None:
    return None if compared.changed is None else label_flips(compared.changed, compared.decisions)


def _in_terminal(f: Flips) -> Iterator[Row]:
    low, high = (100 * bound for bound in f.ci95)
    share = f"{100 * f.rate:.2f} % (95 %: {low:.2f} to {high:.2f})"
    yield f"changed {f.of}", f"{f.flips} of {f.n} = {share}"


def _in_page(f: Flips) -> Iterator[Row]:
    low, high = f.ci95
    yield f"changed {f.of}", f"{f.flips:,} of {f.n:,} ({percent(f.rate)})"
    yield f"changed {f.of}, 95 % interval", f"{percent(low)} to {percent(high)}"


def _in_card(f: Flips) -> Iterator[Row]:
    low, high = (100 * end for end in f.ci95)
    share = f"{100 * f.rate:.2f} %, 95 % interval {low:.2f} to {high:.2f} %"
    yield f"changed {f.of}", f"{f.flips} of {f.n} ({share})"


def _one(decisions: int) -> float:
    """One decision more is no worse."""
    return 1 / max(decisions, 1)


CHANGED_LABELS = Measure(
    key="labels",
    compute=_flips,
    terminal=_in_terminal,
    page=_in_page,
    card=_in_card,
    of=LABELS,
    bound=Bound(
        name="max_flips",
        value=lambda flips: flips.rate,
        least=0.0,
        most=1.0,
        subject="share of changed labels",
        help="Largest share of changed labels, or of a translator's next tokens.",
        metavar="R",
        slack=_one,
    ),
)
