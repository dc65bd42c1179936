"""A graph while it is rewritten: nodes in the place of others, under names that nothing else has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from onnx.external_data_helper import uses_external_data

from edgebert.onnx_graph.in_memory.def_use import names_given, names_read, subgraphs
from edgebert.onnx_graph.in_memory.edits import (
    import_contrib,
    insert_before,
    numbered_names,
    opset_of,
    remove_unread_constants,
    replace_nodes,
)


class GraphEditor:
    """The main graph of a model, with its constants and the readers of its values by name.

    Args:
        model: the graph.
        folder: where files with its constants are.
    """

    def __init__(self, model: onnx.ModelProto, folder: Path | None = None) -> None:
        self.model = model
        self._folder = folder
        self.graph = model.graph
        self._constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self._arrays: dict[str, npt.NDArray[Any]] = {}
        self._names = set(names_given(self.graph))
        self._node_names = {node.name for node in self.graph.node}
        self._added: set[str] = set()

    @property
    def opset(self) -> int:
        return opset_of(self.model)

    def is_constant(self, name: str) -> bool:
        return name in self._constants

    def shape(self, name: str) -> tuple[int, ...]:
        """Of a constant."""
        return tuple(self._constants[name].dims)

    def is_float(self, name: str) -> bool:
        """Whether a constant is float32."""
        return bool(self._constants[name].data_type == onnx.TensorProto.FLOAT)

    def array(self, name: str) -> npt.NDArray[Any]:
        """The values of a constant."""
        tensor = self._constants[name]
        if uses_external_data(tensor):  # not kept: memory is why they are in a file
            values: npt.NDArray[Any] = numpy_helper.to_array(tensor, str(self._folder))
            return values
        if name not in self._arrays:
            self._arrays[name] = numpy_helper.to_array(tensor)
        return self._arrays[name]

    def readers(self, value: str) -> list[onnx.NodeProto]:
        """The nodes of the graph that take a value."""
        return [node for node in self.graph.node if value in node.input]

    def is_output(self, value: str) -> bool:
        """Whether a value leaves the graph, or is read inside a subgraph, under its name."""
        parts = (part for node in self.graph.node for part in subgraphs(node))
        inside = (name for part in parts for node in part.node for name in names_read(node))
        return any(output.name == value for output in self.graph.output) or value in inside

    def constant(self, stem: str, values: npt.ArrayLike, *, ending: str = "") -> str:
        """Add one constant, as `constants` does, and return its name."""
        return self.constants(stem, {ending: values})[0]

    def constants(self, stem: str, values: Mapping[str, npt.ArrayLike]) -> tuple[str, ...]:
        """Add constants that go together, and return their names.

        Those that were added before with the same values are shared. Where a name belongs to
        anything else, all of them get another stem.

        Args:
            stem: what their names begin with: STEM, or STEM_2, STEM_3, ...
            values: of each, by the ending of its name.
        """
        arrays = {ending: np.ascontiguousarray(array) for ending, array in values.items()}
        for numbered in numbered_names(stem):
            wanted = {f"{numbered}{ending}": array for ending, array in arrays.items()}
            if all(self._may_be(name, array) for name, array in wanted.items()):
                break
        for name, array in wanted.items():
            if name not in self._added:
                self._add(name, array)
        return tuple(wanted)

    def value(self, name: str) -> str:
        """A name for the result of a new node: NAME, or NAME_2, NAME_3, ... where that is taken."""
        return _claim(name, self._names)

    def node_name(self, name: str) -> str:
        """The same for a new node itself: onnxruntime refuses two of one name."""
        return _claim(name, self._node_names)

    def replace(self, old: Sequence[onnx.NodeProto], new: Sequence[onnx.NodeProto]) -> None:
        """Put nodes where the first of the old ones stands, and take all the old ones out."""
        replace_nodes(self.graph, [node.output[0] for node in old], new)

    def insert_before(self, place: onnx.NodeProto, new: Sequence[onnx.NodeProto]) -> None:
        """Put nodes before another one."""
        insert_before(self.graph, place.output[0], new)

    def drop_unused_constants(self) -> None:
        """Remove the constants that no node of the graph or of a subgraph reads."""
        remove_unread_constants(self.graph)

    def require_contrib(self) -> None:
        """Say that the graph holds operators of onnxruntime's own."""
        import_contrib(self.model)

    def _may_be(self, name: str, values: npt.NDArray[Any]) -> bool:
        """Whether a constant may have a name: it is free, or that of a constant of ours like it."""
        if name not in self._added:
            return name not in self._names
        there = self.array(name)
        return there.dtype == values.dtype and np.array_equal(there, values)

    def _add(self, name: str, values: npt.NDArray[Any]) -> None:
        tensor = numpy_helper.from_array(values, name)
        self.graph.initializer.append(tensor)
        self._constants[name] = tensor
        self._arrays[name] = values
        self._names.add(name)
        self._added.add(name)


def _claim(name: str, taken: set[str]) -> str:
    free = next(numbered for numbered in numbered_names(name) if numbered not in taken)
    taken.add(free)
    return free
