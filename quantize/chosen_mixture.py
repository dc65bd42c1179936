"""Which mixture becomes the bundle: the first that keeps the budget on texts it has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edgebert.bundle import ModelFiles
from edgebert.drift.comparing import Comparison, compare
from edgebert.drift.gates import broken_bounds
from edgebert.measures import Thresholds
from edgebert.quantize.calibration import CalibrationTexts
from edgebert.quantize.forms.bundle_recipes import BundleRecipes
from edgebert.quantize.forms.recipes import Recipes
from edgebert.quantize.int8_manifest import (
    describe_layers,
    describe_manifest,
    lost_coverage,
    planned_forms,
)
from edgebert.quantize.options import Budget, QuantizeOptions
from edgebert.quantize.search.mixture_search import Search, mixture_name, pareto_points
from edgebert.quantize.search.places import HERE, Place
from edgebert.records.made import ParetoPoint
from edgebert.runtimes import Model


@dataclass(frozen=True)
class Proposal:
    """A plan for every group, and what it is called; of a search, the step that it is."""

    plan: dict[str, str]
    name: str
    step: int | None = None


@dataclass(frozen=True)
class Made:
    """What was written for a proposal, and how it did."""

    proposal: Proposal
    model: Model
    comparison: Comparison
    failures: tuple[str, ...]


def first_inside(
    original: Model,
    recipes: BundleRecipes,
    options: QuantizeOptions,
    texts: CalibrationTexts,
    budget: Budget,
    found: Search | None,
    folder: Path,
    proposals: Iterable[Proposal],
    place: Place = HERE,
) -> Made:
    """Write proposals until one keeps the budget on held-out texts; else the last one stays."""
    made = None
    for proposal in proposals:
        recipes.write(proposal.plan, folder, original.manifest.graphs)
        sensitivity = found.sensitivity if found else {}
        manifest = describe_manifest(
            original.manifest,
            folder,
            options,
            describe_layers(recipes, proposal.plan, sensitivity),
            planned_forms(recipes, proposal.plan),
            texts.fingerprint,
            widens=recipes.widens(proposal.plan),
        )
        model = place.open_model(ModelFiles(folder, manifest))
        comparison = compare(original, model, texts.held_out)
        failures = (*lost_coverage(manifest), *broken_budget(budget, comparison))
        made = Made(proposal, model, comparison, failures)
        if not failures:
            break
    assert made is not None
    return made


def tried_points(
    made: Made, found: Search | None, recipes: Recipes, drift: float, scheme: str, scratch: Path
) -> tuple[ParetoPoint, ...]:
    """Drift and latency of all that was tried; of a scheme that was named its drift alone."""
    if found is None or made.proposal.step is None:
        return (ParetoPoint(drift, None, scheme, chosen=not made.failures),)
    max_length = made.model.max_length
    points = pareto_points(found, recipes, made.proposal.step, drift, scratch, max_length)
    return points if not made.failures else tuple(replace(p, chosen=False) for p in points)


def proposals_of(
    recipes: Recipes | BundleRecipes, scheme: str, found: Search | None
) -> Iterator[Proposal]:
    """What a scheme makes of all groups; of a search its mixtures, from the first one on."""
    if found is None:
        groups = (group.name for group in recipes.groups)
        yield Proposal(recipes.possible(dict.fromkeys(groups, scheme)), scheme)
        return
    for step in _steps(found.first, len(found.sweep)):
        plan = recipes.possible(found.sweep[step].plan)
        yield Proposal(plan, mixture_name(step), step)


def _steps(first: int, n: int) -> Iterator[int]:
    """The first, then further and further ones; the last of the sweep, all floats, is no int8."""
    first = max(0, min(first, n - 2))
    yield first
    step = 1
    while first + step < n - 2:
        yield first + step
        step *= 2
    if first < n - 2:
        yield n - 2


def broken_budget(budget: Budget, comparison: Comparison) -> tuple[str, ...]:
    """One sentence for each bound that the comparison breaks."""
    bounds = Thresholds(max_drift=budget.mean, max_flips=budget.flips, max_drift_p99=budget.p99)
    return broken_bounds(comparison, bounds, budget.source)
