"""The recipes of all graphs of a bundle, which one plan is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgebert.quantize.forms.linear_layers import LayerGroup, LinearLayer
from edgebert.quantize.forms.recipes import Plan, Recipes
from edgebert.records.manifest import ENCODER


@dataclass(frozen=True)
class BundleRecipes:
    """What each group of layers becomes; no two graphs have a group of one name.

    Attributes:
        graphs: the recipes of each graph, by its role.
    """

    graphs: Mapping[str, Recipes]

    @property
    def encoder(self) -> Recipes:
        """Of the graph that reads texts: of most bundles the one that they have."""
        return self.graphs[ENCODER]

    @property
    def groups(self) -> tuple[LayerGroup, ...]:
        """Of all graphs."""
        return tuple(group for one in self.graphs.values() for group in one.groups)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables of embeddings that are in int8."""
        return tuple(name for one in self.graphs.values() for name in one.tables)

    @property
    def contrib(self) -> bool:
        """Whether onnxruntime's own operators may be written."""
        return self.encoder.contrib

    @property
    def bits(self) -> int:
        """Of weights in the form `weight-only`."""
        return self.encoder.bits

    def write(self, plan: Plan, folder: Path, files: Mapping[str, str]) -> None:
        """Write each graph into its file, by its role, with the forms of `plan`."""
        for role, recipes in self.graphs.items():
            recipes.write(plan, folder / files[role])

    def possible(self, plan: Plan) -> dict[str, str]:
        """The forms that the groups of a plan get, see `Recipes.form`."""
        return {
            name: form
            for recipes in self.graphs.values()
            for name, form in recipes.possible(plan).items()
        }

    def widens(self, plan: Plan) -> bool:
        """Whether a graph with these forms holds weights whose sums can leave 16 bits."""
        return any(
            recipes.widens({group.name: plan[group.name] for group in recipes.groups})
            for recipes in self.graphs.values()
        )

    def saturation(self, group: LayerGroup, layer: LinearLayer, form: str) -> float | None:
        """Error of a layer on CPUs without VNNI, see `Recipes.saturation`."""
        recipes = next(one for one in self.graphs.values() if group in one.groups)
        return recipes.saturation(group, layer, form)
