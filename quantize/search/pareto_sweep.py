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
class Mixture:
    """A mixture, with what its parts add up to."""

    plan: dict[str, str]
    ms: float
    drift: float


def pareto_sweep(costs: Costs) -> tuple[Mixture, ...]:
    """Mixtures from the fastest to all floats.

    Each step moves one group to a form that drifts less: of all such moves the one that saves the
    most drift for each millisecond it costs.
    """
    useful = {name: _useful(forms) for name, forms in costs.items()}
    plan = {name: forms[0] for name, forms in useful.items()}
    steps = [_mixture(plan, costs)]
    while moves := list(_moves(plan, useful, costs)):
        _, name, form = max(moves)
        plan = {**plan, name: form}
        steps.append(_mixture(plan, costs))
    return tuple(steps)


def last_as_fast(sweep: Sequence[Mixture], first: int) -> int:
    """The last step, and so the most accurate, that is as fast as `first` and keeps its int8.

    Args:
        sweep: from the fastest to all floats.
        first: place of the step that the others are held against.
    """
    limit, floats = _AS_FAST * sweep[first].ms, _floats(sweep[first])
    later = range(first + 1, len(sweep))
    alike = (i for i in later if sweep[i].ms <= limit and _floats(sweep[i]) == floats)
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


def _mixture(plan: Plan, costs: Costs) -> Mixture:
    chosen = [costs[name][form] for name, form in plan.items()]
    return Mixture(dict(plan), sum(c.ms for c in chosen), sum(c.drift for c in chosen))


def _floats(step: Mixture) -> int:
    """How many groups stay floats."""
    return sum(form == FLOAT for form in step.plan.values())
