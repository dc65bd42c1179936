"""Which of the mixtures that were measured in WebAssembly becomes the bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from edgebert.onnx_graph.parts import DYNAMIC, FLOAT
from edgebert.quantize.forms.recipes import Plan
from edgebert.quantize.options import Budget
from edgebert.quantize.search.mixture_drift import MixtureDrift
from edgebert.quantize.search.mixture_search import RESERVE
from edgebert.quantize.web.wasm import Times

_AS_FAST, _AT_MOST = 0.05, 0.1
"""Share of its time by which one mixture may take longer than another and be as fast: at least, because
texts of another length and another CPU turn the order of forms round by more (of MiniLM, `token` is 2 %
faster than `static` on sentences in Chromium, and 11 % slower on abstracts), and where timing could not
tell."""


@dataclass(frozen=True)
class Candidate:
    """A mixture that was measured in WebAssembly.

    Attributes:
        name: a form, or "mixture 12".
        plan: the form of each group.
        drift: on the texts of the search.
        ms: float64 [rounds], in which all candidates took turns.
    """

    name: str
    plan: Plan
    drift: MixtureDrift
    ms: Times

    @property
    def p50_ms(self) -> float:
        return float(np.median(self.ms))

    @property
    def noise(self) -> float:
        """How far the medians of the even and of the odd rounds are apart, as a share."""
        one, other = np.median(self.ms[::2]), np.median(self.ms[1::2])
        return float(abs(one - other)) / self.p50_ms


def in_order(candidates: Iterable[Candidate], budget: Budget) -> Iterator[Candidate]:
    """The fastest inside the budget, and what is to be tried where it fails on other texts.

    1. Those that leave a reserve of the budget are held against each other; where none does, the
       one that drifts least is all there is.
    2. Of those that are as fast as the fastest, within what timing can tell, the one that drifts
       least is taken.
    3. If it is refused, the same is done with those that drift less than it.
    4. One whose answers depend on the texts beside, or that has no int8, is none of them.
    """
    possible = [one for one in candidates if {*one.plan.values()} - {FLOAT, DYNAMIC}]
    left = [one for one in possible if one.drift.within(budget, RESERVE)]
    left = left or sorted(possible, key=_drift)[:1]
    while left:
        fastest = min(left, key=lambda one: one.p50_ms)
        chosen = min((one for one in left if _as_fast(one, fastest)), key=_drift)
        yield chosen
        left = [one for one in left if _drift(one) < _drift(chosen)]


def _as_fast(one: Candidate, fastest: Candidate) -> bool:
    slack = float(np.clip(max(one.noise, fastest.noise), _AS_FAST, _AT_MOST))
    return one.p50_ms <= (1 + slack) * fastest.p50_ms


def _drift(one: Candidate) -> float:
    return one.drift.overall
