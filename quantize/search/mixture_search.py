"""Scheme `auto`: the fastest mixture of forms whose drift stays inside a budget.

1. Each group of layers is quantized alone, in each integer form: what does it cost in drift, on a
   few of the texts?
2. Each form is timed alone on this machine: what does it cost in milliseconds?
3. From the fastest mixture on, groups move one by one to more accurate forms (`pareto_sweep`); bisection
   finds the first mixture that keeps the budget, with a reserve for texts it has not seen. Of those
   that are as fast, within what timing can tell, the most accurate is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path

from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.parts import DYNAMIC, FLOAT, STATIC, TOKEN
from edgebert.progress import track
from edgebert.quantize.forms.recipes import Plan, Recipes
from edgebert.quantize.options import AUTO, Budget
from edgebert.quantize.search.few_texts import FewTexts
from edgebert.quantize.search.layer_times import layer_times
from edgebert.quantize.search.mixture_drift import DriftMeter, MixtureDrift
from edgebert.quantize.search.pareto_sweep import Cost, Costs, Mixture, last_as_fast, pareto_sweep
from edgebert.quantize.search.places import HERE, Place
from edgebert.quantize.search.racing import TOKENS
from edgebert.quantize.search.search_cache import SearchCache
from edgebert.quantize.search.sensitivity import AloneRuns
from edgebert.records.made import MIXTURE, ParetoPoint

RESERVE = 0.85
"""Share of the budget that the search may use up: texts it has not seen drift a little more."""

_OPEN_WEIGHTS = 400_000_000  # of all mixtures that are timed at once

Measure = Callable[[Plan], MixtureDrift]


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes:
        sweep: mixtures from the fastest to all floats.
        first: the most accurate of the steps that are as fast as the first one that keeps the
            budget on the texts of the search.
        sensitivity: drift of each group alone, by group and form.
        measured: steps that were measured on the whole graph, by their place.
        schemes: the same for mixtures of one form, by its name.
        allowed: the budget as mixtures are held to it: on texts of other kinds no tighter than what
            the most careful form takes of it.
    """

    sweep: tuple[Mixture, ...]
    first: int
    sensitivity: dict[tuple[str, str], float]
    measured: dict[int, MixtureDrift]
    schemes: dict[str, MixtureDrift]
    allowed: Budget


def search(
    recipes: Recipes,
    few: FewTexts,
    meter: DriftMeter,
    budget: Budget,
    scratch: Path,
    cache: SearchCache,
    place: Place = HERE,
) -> Search:
    """Find the fastest mixture inside the budget.

    Args:
        recipes: forms of the groups.
        few: measures a group alone.
        meter: measures a mixture on the texts of the search.
        budget: what is allowed.
        scratch: a folder for graphs.
        cache: keeps what was measured.
        place: where layers are timed; `meter` runs mixtures there.
    """

    def measure(plan: Plan) -> MixtureDrift:
        forms = recipes.possible(plan)
        return cache.remember(forms, lambda: _measured(recipes, forms, meter, scratch))

    groups = recipes.prepared.groups
    names = [group.name for group in groups]
    forms = (TOKEN, STATIC) if recipes.contrib else (STATIC,)
    alone = AloneRuns(recipes, few, scratch)
    sensitivity = _sensitivity(recipes, forms, alone, cache)
    schemes = {form: measure(dict.fromkeys(names, form)) for form in (*forms, DYNAMIC)}
    allowed = _with_others(budget, schemes[forms[0]])
    times = layer_times(recipes, groups, forms, scratch, place)
    sweep = pareto_sweep(_costs(names, forms, sensitivity, times))
    first, measured = _first_inside(sweep, allowed, measure)
    first = last_as_fast(sweep, first)
    measured[first] = measure(sweep[first].plan)
    return Search(
        sweep=sweep,
        first=first,
        sensitivity=sensitivity,
        measured=measured,
        schemes=schemes,
        allowed=allowed,
    )


def pareto_points(
    found: Search, recipes: Recipes, chosen: int, drift: float, scratch: Path, max_length: int
) -> tuple[ParetoPoint, ...]:
    """Time every mixture that was measured on the whole graph, some taking turns, on one text.

    Args:
        found: the search.
        recipes: what it searched.
        chosen: the step that became the bundle.
        drift: of the bundle on held-out texts, where the search did not measure that step.
        scratch: a folder for graphs.
        max_length: tokens that the graph reads; the text has no more.
    """
    names = [group.name for group in recipes.prepared.groups]
    plans = {scheme: dict.fromkeys(names, scheme) for scheme in found.schemes}
    drifts = {scheme: measured.mean for scheme, measured in found.schemes.items()}
    steps = {step: measured.mean for step, measured in found.measured.items()}
    for step in sorted({*steps, chosen}):
        label = AUTO if step == chosen else mixture_name(step)
        plans[label] = found.sweep[step].plan
        drifts[label] = steps.get(step, drift)
    times: dict[str, float] = {}
    labels, few = list(plans), _at_once(recipes)
    for start in range(0, len(labels), few):
        forms = {label: recipes.possible(plans[label]) for label in labels[start : start + few]}
        graphs = {label: scratch / f"tried-{place}.onnx" for place, label in enumerate(forms)}
        for label, path in graphs.items():
            recipes.write(forms[label], path)
        widened = [label for label in forms if recipes.widens(forms[label])]
        times |= HERE.race(graphs, widened=widened, tokens=min(TOKENS, max_length))
    return tuple(
        ParetoPoint(drifts[label], times[label], label, chosen=label == AUTO) for label in plans
    )


def mixture_name(step: int) -> str:
    """What a step of a sweep is called."""
    return f"{MIXTURE} {step + 1}"


def _at_once(recipes: Recipes) -> int:
    """How many mixtures fit into memory together; two at least."""
    editor = GraphEditor(recipes.prepared.model)
    names = {name for group in recipes.prepared.groups for name in group.weights}
    return max(2, _OPEN_WEIGHTS // sum(prod(editor.shape(name)) for name in names))


def _measured(recipes: Recipes, plan: Plan, meter: DriftMeter, scratch: Path) -> MixtureDrift:
    graph = scratch / "candidate.onnx"
    recipes.write(plan, graph)
    return meter.measure(graph, widen=recipes.widens(plan))


def _sensitivity(
    recipes: Recipes, forms: Sequence[str], alone: AloneRuns, cache: SearchCache
) -> dict[tuple[str, str], float]:
    """Drift of each group alone in each form, less that of the tables that are always int8."""
    tables = cache.remember({}, alone.floats, few=True).overall
    tried = [(group, form) for group in recipes.prepared.groups for form in forms]
    found = {}
    for group, form in track(tried, "quantizing layers alone", len(tried)):
        plan = recipes.possible({group.name: form})
        drift = cache.remember(plan, partial(alone.measure, group, plan[group.name]), few=True)
        found[group.name, form] = max(0.0, drift.overall - tables)
    return found


def _costs(
    names: Sequence[str],
    forms: Sequence[str],
    sensitivity: dict[tuple[str, str], float],
    times: dict[tuple[str, str], float],
) -> Costs:
    floats = {name: {FLOAT: Cost(times[name, FLOAT], 0.0)} for name in names}
    return {
        name: floats[name]
        | {form: Cost(times[name, form], sensitivity[name, form]) for form in forms}
        for name in names
    }


def _with_others(budget: Budget, careful: MixtureDrift) -> Budget:
    """The budget on texts of other kinds: no tighter than what the most careful form takes of it.

    They may keep a layer from a form that clips them, but never turn an int8 layer into floats:
    what a model makes of texts that are not for it may be noise.
    """
    if careful.others_mean is None or careful.others_p99 is None:
        return budget
    mean, p99 = careful.others_mean / RESERVE, careful.others_p99 / RESERVE
    return replace(
        budget,
        others_mean=None if budget.mean is None else max(budget.mean, mean),
        others_p99=None if budget.p99 is None else max(budget.p99, p99),
    )


def _first_inside(
    sweep: Sequence[Mixture], budget: Budget, measure: Measure
) -> tuple[int, dict[int, MixtureDrift]]:
    """The fastest step inside the budget, by bisection, and all that were measured."""
    measured: dict[int, MixtureDrift] = {}
    low, high = 0, len(sweep) - 1
    while low < high:
        middle = (low + high) // 2 if measured else low  # the fastest often keeps it at once
        measured[middle] = measure(sweep[middle].plan)
        if measured[middle].within(budget, RESERVE):
            high = middle
        else:
            low = middle + 1
    measured[high] = measure(sweep[high].plan)
    return high, measured
