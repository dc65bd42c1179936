"""What each group of layers costs when it alone is quantized.

All in front of a group is floats whatever becomes of it, and so runs once: what flows past the
place where the group begins is kept, and each form is run from there to the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import names_read
from edgebert.onnx_graph.in_memory.edits import cut_out
from edgebert.quantize.forms.linear_layers import LayerGroup
from edgebert.quantize.forms.prepared_graph import PreparedGraph
from edgebert.quantize.forms.recipes import Recipes
from edgebert.quantize.search.few_texts import FewTexts
from edgebert.quantize.search.mixture_drift import MixtureDrift
from edgebert.runtimes.sessions.session import open_graph

Values = dict[str, np.ndarray]


class AloneRuns:
    """Runs of a graph of which one group is quantized, group after group.

    Args:
        recipes: forms of the groups.
        texts: what is run.
        scratch: a folder for graphs.
    """

    def __init__(self, recipes: Recipes, texts: FewTexts, scratch: Path) -> None:
        self._recipes = recipes
        self._model = recipes.prepared.model
        self._nodes = list(self._model.graph.node)
        self._places = {name: at for at, node in enumerate(self._nodes) for name in node.output}
        self._texts = texts
        self._path = scratch / "alone.onnx"
        self._at = 0
        self._flowing: list[Values] = [dict(batch.inputs) for batch in texts.batches]

    def floats(self) -> MixtureDrift:
        """No group quantized, the tables of embeddings alone."""
        return self._measure((), {})

    def measure(self, group: LayerGroup, form: str) -> MixtureDrift:
        """One group quantized; none that is further in front than the last one."""
        self._go_to(min(self._places[layer.output] for layer in group.layers))
        return self._measure((group,), {group.name: form})

    def _measure(self, groups: tuple[LayerGroup, ...], plan: dict[str, str]) -> MixtureDrift:
        wanted = self._texts.outputs
        self._recipes.of_part(self._part(len(self._nodes), wanted, groups)).write(plan, self._path)
        answers = self._run(wanted, widen=self._recipes.widens(plan))
        return self._texts.judge([[values[name] for name in wanted] for values in answers])

    def _go_to(self, place: int) -> None:
        """Run the floats from where they are to a node."""
        if place == self._at:
            return
        needed = self._read_from(place)
        made = [name for name in needed if self._at <= self._places.get(name, -1) < place]
        self._recipes.of_part(self._part(place, made, ())).write({}, self._path)
        runs = zip(self._flowing, self._run(made, widen=False), strict=True)
        there = [before | after for before, after in runs]
        self._flowing = [{n: values[n] for n in needed if n in values} for values in there]
        self._at = place

    def _run(self, names: Sequence[str], *, widen: bool) -> Iterator[Values]:
        """Values of a part of the graph, batch after batch."""
        session: Any = open_graph(self._path, widen=widen)
        takes = [entry.name for entry in session.get_inputs()]
        for values in self._flowing:
            feed = {name: values[name] for name in takes}
            yield dict(zip(names, session.run(list(names), feed), strict=True))

    def _read_from(self, place: int) -> list[str]:
        """What the nodes from a place on read."""
        read = (name for node in self._nodes[place:] for name in names_read(node))
        return list(dict.fromkeys(read))

    def _part(
        self, stop: int, outputs: Sequence[str], groups: tuple[LayerGroup, ...]
    ) -> PreparedGraph:
        """The graph from where the floats are, to a node."""
        nodes, first = self._nodes[self._at : stop], self._flowing[0]
        read = dict.fromkeys(name for node in nodes for name in names_read(node))
        model = cut_out(
            self._model,
            nodes,
            [_described(name, first[name]) for name in read if name in first],
            [helper.make_empty_tensor_value_info(name) for name in outputs],
        )
        return PreparedGraph(model, groups, (), self._recipes.prepared.folder)


def _described(name: str, value: np.ndarray) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    return helper.make_tensor_value_info(name, kind, [None] * value.ndim)
