"""What a new bundle promises, from what was measured when it was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgebert.drift.comparing import Comparison
from edgebert.records.manifest import Drift, KindDrift


@dataclass(frozen=True)
class Floors:
    """The tightest promises a precision can keep on texts it has not seen."""

    drift: float
    flips: float


def describe_drift(
    comparison: Comparison,
    texts: str,
    floors: Floors,
    others: Mapping[str, Comparison] | None = None,
) -> Drift:
    """Sum up a comparison; promise twice what was measured, and never less than the floors.

    Twice, because the texts a bundle meets later are not the ones it was measured on; and of
    changed labels no less than the upper end of their interval, because few texts show few.

    Args:
        comparison: on the texts that the bundle is for.
        texts: where they came from.
        floors: the least that is promised.
        others: on texts of other kinds, by where they came from; the promise of the mean distance
            covers these too.
    """
    distances, flips = comparison.distances, comparison.labels
    mean = float(distances.mean())
    kinds = tuple(_on_kind(other, name) for name, other in (others or {}).items())
    furthest = max([mean, *(kind.mean for kind in kinds)])
    promises = {}
    if comparison.compared.written is None:  # else it is the share of flips once more
        promises["max_drift"] = _round_up(max(2 * furthest, floors.drift))
    if flips is not None:
        promises["max_flips"] = _round_up(max(2 * flips.rate, flips.ci95[1], floors.flips))
    return Drift(
        mean=mean,
        p99=float(np.percentile(distances, 99)),
        max=float(distances.max()),
        flips=None if flips is None else flips.rate,
        n=len(distances),
        texts=texts,
        promises=promises,
        others=kinds,
    )


def _on_kind(comparison: Comparison, texts: str) -> KindDrift:
    distances, flips = comparison.distances, comparison.labels
    return KindDrift(
        texts=texts,
        n=len(distances),
        mean=float(distances.mean()),
        p99=float(np.percentile(distances, 99)),
        max=float(distances.max()),
        flips=None if flips is None else flips.rate,
    )


def _round_up(value: float) -> float:
    """To two significant digits, upwards, so that a promise reads well and still holds."""
    step = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(f"{np.ceil(value / step - 1e-9) * step:.2g}")
