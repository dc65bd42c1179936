"""How long layers take on other classes of CPU, in the place of what this machine measures.

Which mixture `auto` takes follows from these times: where a scale for each token costs next to
nothing it is chosen nearly everywhere, and where it is dear static scales are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path
from unittest.mock import patch

from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.parts import FLOAT, STATIC, TOKEN
from edgebert.quantize.forms.linear_layers import LayerGroup
from edgebert.quantize.forms.recipes import Recipes
from edgebert.quantize.search.places import HERE, Place

CPU_CLASSES = {
    "avx2": {FLOAT: 1.0, TOKEN: 0.62, STATIC: 0.50},
    "vnni": {FLOAT: 1.0, TOKEN: 0.50, STATIC: 0.48},
}
"""Time of each form of a layer, in that of its floats."""

_MS_OF_A_WEIGHT = 1.3e-6  # floats, 128 tokens


@contextmanager
def layer_times_of(cpu_class: str) -> Iterator[None]:
    """A search measures no layer, but takes the times of a class of CPU."""
    times = partial(times_by_share, CPU_CLASSES[cpu_class])
    with patch("edgebert.quantize.search.mixture_search.layer_times", times):
        yield


def times_by_share(
    share: Mapping[str, float],
    recipes: Recipes,
    groups: Sequence[LayerGroup],
    _forms: Sequence[str],
    _scratch: Path,
    _place: Place = HERE,
) -> dict[tuple[str, str], float]:
    """Milliseconds by group and form, as `edgebert.quantize.search.layer_times` measures them.

    Args:
        share: of each form in the time of floats, which follows from the weights.
    """
    editor = GraphEditor(recipes.prepared.model)
    floats = {
        group.name: _MS_OF_A_WEIGHT
        * sum(prod(editor.shape(layer.weight)) for layer in group.layers)
        for group in groups
    }
    return {(name, form): ms * share[form] for name, ms in floats.items() for form in share}
