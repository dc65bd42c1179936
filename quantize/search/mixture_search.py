"""Scheme `auto`: the fastest mixture of forms whose drift stays inside a budget.

1. Each group of layers is quantized alone, in each integer form: what does it cost in drift, on a
   few of the texts?
2. Each form is timed alone on this machine: what does it cost in milliseconds?
3. From the fastest mixture on, groups move one by one to more accurate forms (`ladder`); bisection
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
from edgebert.quantize.search.layer_times import TOKENS, layer_times, race
from edgebert.quantize.search.mixture_drift import Nearness, Yardstick
from edgebert.quantize.search.pareto_sweep import Cost, Costs, Rung, build_ladder, last_as_fast
from edgebert.quantize.search.search_cache import Notebook
from edgebert.quantize.search.sensitivity import AloneRuns
from edgebert.records.made import MIXTURE, ParetoPoint

_RESERVE = 0.85
"""Share of the budget that the search may use up: texts it has not seen drift a little more."""

_OPEN_WEIGHTS = 400_000_000  # of all mixtures that are timed at once

Measure = Callable[[Plan], Nearness]


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes:
        ladder: mixtures from the fastest to all floats.
        first: the most accurate of the rungs that are as fast as the first one that keeps the
            budget on the texts of the search.
        sensitivity: drift of each group alone, by group and form.
        measured: rungs that were measured on the whole graph, by their place.
        schemes: the same for mixtures of one form, by its name.
    """

    ladder: tuple[Rung, ...]
    first: int
    sensitivity: dict[tuple[str, str], float]
    measured: dict[int, Nearness]
    schemes: dict[str, Nearness]


def search(
    recipes: Recipes,
    few: FewTexts,
    yardstick: Yardstick,
    budget: Budget,
    scratch: Path,
    notebook: Notebook,
) -> Search:
    """Find the fastest mixture inside the budget.

    Args:
        recipes: forms of the groups.
        few: measures a group alone.
        yardstick: measures a mixture on the texts of the search.
        budget: what is allowed.
        scratch: a folder for graphs.
        notebook: keeps what was measured.
    """

    def measure(plan: Plan) -> Nearness:
        forms = recipes.possible(plan)
        return notebook.remember(forms, lambda: _measured(recipes, forms, yardstick, scratch))

    groups = recipes.prepared.groups
    names = [group.name for group in groups]
    forms = (TOKEN, STATIC) if recipes.contrib else (STATIC,)
    alone = AloneRuns(recipes, few, scratch)
    sensitivity = _sensitivity(recipes, forms, alone, notebook)
    schemes = {form: measure(dict.fromkeys(names, form)) for form in (*forms, DYNAMIC)}
    allowed = _with_others(budget, schemes[forms[0]])
    times = layer_times(recipes, groups, forms, scratch)
    ladder = build_ladder(_costs(names, forms, sensitivity, times))
    first, measured = _first_inside(ladder, allowed, measure)
    first = last_as_fast(ladder, first)
    measured[first] = measure(ladder[first].plan)
    return Search(
        ladder=ladder,
        first=first,
        sensitivity=sensitivity,
        measured=measured,
        schemes=schemes,
    )


def pareto_points(
    found: Search, recipes: Recipes, chosen: int, drift: float, scratch: Path, max_length: int
) -> tuple[ParetoPoint, ...]:
    """Time every mixture that was measured on the whole graph, some taking turns, on one text.

    Args:
        found: the search.
        recipes: what it searched.
        chosen: the rung that became the bundle.
        drift: of the bundle on held-out texts, where the search did not measure that rung.
        scratch: a folder for graphs.
        max_length: tokens that the graph reads; the text has no more.
    """
    names = [group.name for group in recipes.prepared.groups]
    plans = {scheme: dict.fromkeys(names, scheme) for scheme in found.schemes}
    drifts = {scheme: nearness.mean for scheme, nearness in found.schemes.items()}
    rungs = {rung: nearness.mean for rung, nearness in found.measured.items()}
    for rung in sorted({*rungs, chosen}):
        label = AUTO if rung == chosen else f"{MIXTURE} {rung + 1}"
        plans[label] = found.ladder[rung].plan
        drifts[label] = rungs.get(rung, drift)
    times: dict[str, float] = {}
    labels, few = list(plans), _at_once(recipes)
    for start in range(0, len(labels), few):
        forms = {label: recipes.possible(plans[label]) for label in labels[start : start + few]}
        graphs = {label: scratch / f"tried-{place}.onnx" for place, label in enumerate(forms)}
        for label, path in graphs.items():
            recipes.write(forms[label], path)
        widened = [label for label in forms if recipes.widens(forms[label])]
        times |= race(graphs, widened=widened, tokens=min(TOKENS, max_length))
    return tuple(
        ParetoPoint(drifts[label], times[label], label, chosen=label == AUTO) for label in plans
    )


def _at_once(recipes: Recipes) -> int:
    """How many mixtures fit into memory together; two at least."""
    editor = GraphEditor(recipes.prepared.model)
    names = {name for group in recipes.prepared.groups for name in group.weights}
    return max(2, _OPEN_WEIGHTS // sum(prod(editor.shape(name)) for name in names))


def _measured(recipes: Recipes, plan: Plan, yardstick: Yardstick, scratch: Path) -> Nearness:
    graph = scratch / "candidate.onnx"
    recipes.write(plan, graph)
    return yardstick.measure(graph, widen=recipes.widens(plan))


def _sensitivity(
    recipes: Recipes, forms: Sequence[str], alone: AloneRuns, notebook: Notebook
) -> dict[tuple[str, str], float]:
    """Drift of each group alone in each form, less that of the tables that are always int8."""
    tables = notebook.remember({}, alone.floats, few=True).overall
    tried = [(group, form) for group in recipes.prepared.groups for form in forms]
    found = {}
    for group, form in track(tried, "quantizing layers alone", len(tried)):
        plan = recipes.possible({group.name: form})
        near = notebook.remember(plan, partial(alone.measure, group, plan[group.name]), few=True)
        found[group.name, form] = max(0.0, near.overall - tables)
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


def _with_others(budget: Budget, careful: Nearness) -> Budget:
    """The budget on texts of other kinds: no tighter than what the most careful form takes of it.

    They may keep a layer from a form that clips them, but never turn an int8 layer into floats:
    what a model makes of texts that are not for it may be noise.
    """
    if careful.others_mean is None or careful.others_p99 is None:
        return budget
    mean, p99 = careful.others_mean / _RESERVE, careful.others_p99 / _RESERVE
    return replace(
        budget,
        others_mean=None if budget.mean is None else max(budget.mean, mean),
        others_p99=None if budget.p99 is None else max(budget.p99, p99),
    )


def _first_inside(
    ladder: Sequence[Rung], budget: Budget, measure: Measure
) -> tuple[int, dict[int, Nearness]]:
    """The fastest rung inside the budget, by bisection, and all that were measured."""
    measured: dict[int, Nearness] = {}
    low, high = 0, len(ladder) - 1
    while low < high:
        middle = (low + high) // 2 if measured else low  # the fastest often keeps it at once
        measured[middle] = measure(ladder[middle].plan)
        if measured[middle].within(budget, _RESERVE):
            high = middle
        else:
            low = middle + 1
    measured[high] = measure(ladder[high].plan)
    return high, measured
