"""Mixtures of forms from the fastest to the most accurate, one step at a time.

Drifts of layers that are quantized alone add up well enough to rank steps by; what a mixture
really costs is measured on the whole graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgebert.onnx_graph.parts import FLOAT
from edgebert.quantize.forms.recipes import Plan

_AS_FAST = 1.03
"""A mixture that takes so much longer than another is as fast, within what timing can tell."""


@dataclass(frozen=True)
class Cost:
    """What one form of one group costs.

    Attributes:
        ms: latency, see `edgebert.quantize.search.layer_times`.
        drift: of the whole graph when nothing else is quantized.
    """

    ms: float
    drift: float


Costs = Mapping[str, Mapping[str, Cost]]
"""Name of each group -> form -> cost; `float` is among the forms."""


@dataclass(frozen=True)
class Rung:
    """A mixture, with what its parts add up to."""

    plan: dict[str, str]
    ms: float
    drift: float


def build_ladder(costs: Costs) -> tuple[Rung, ...]:
    """Mixtures from the fastest to all floats.

    Each step moves one group to a form that drifts less: of all such moves the one that saves the
    most drift for each millisecond it costs.
    """
    useful = {name: _useful(forms) for name, forms in costs.items()}
    plan = {name: forms[0] for name, forms in useful.items()}
    rungs = [_rung(plan, costs)]
    while moves := list(_moves(plan, useful, costs)):
        _, name, form = max(moves)
        plan = {**plan, name: form}
        rungs.append(_rung(plan, costs))
    return tuple(rungs)


def last_as_fast(ladder: Sequence[Rung], first: int) -> int:
    """The last rung, and so the most accurate, that is as fast as `first` and keeps its int8.

    Args:
        ladder: from the fastest to all floats.
        first: place of the rung that the others are held against.
    """
    limit, floats = _AS_FAST * ladder[first].ms, _floats(ladder[first])
    later = range(first + 1, len(ladder))
    alike = (i for i in later if ladder[i].ms <= limit and _floats(ladder[i]) == floats)
    return max(alike, default=first)


def _useful(forms: Mapping[str, Cost]) -> tuple[str, ...]:
    """Integer forms from the fastest on, each of which drifts less than all faster ones; floats.

    Floats come last also where they are faster: they are four times larger.
    """
    kept: list[str] = []
    for form in sorted(forms, key=lambda form: (forms[form].ms, forms[form].drift, form)):
        drift = forms[form].drift
        if form != FLOAT and (not kept or drift < forms[kept[-1]].drift):
            kept.append(form)
    return (*kept, FLOAT)


def _moves(
    plan: Plan, useful: Mapping[str, tuple[str, ...]], costs: Costs
) -> list[tuple[float, str, str]]:
    """What each possible step saves in drift for a millisecond, the group and its new form."""
    moves = []
    for name, form in plan.items():
        now = costs[name][form]
        for other in useful[name][useful[name].index(form) + 1 :]:
            then = costs[name][other]
            moves.append(((now.drift - then.drift) / max(then.ms - now.ms, 1e-3), name, other))
    return moves


def _rung(plan: Plan, costs: Costs) -> Rung:
    chosen = [costs[name][form] for name, form in plan.items()]
    return Rung(dict(plan), sum(c.ms for c in chosen), sum(c.drift for c in chosen))


def _floats(rung: Rung) -> int:
    """How many groups stay floats."""
    return sum(form == FLOAT for form in rung.plan.values())
