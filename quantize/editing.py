"""A graph while it is rewritten: constants by name, and nodes put in the place of others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from edgebert.bundle import MODEL_DATA

CONTRIB = "com.microsoft"
_ONE_FILE_BYTES = 1_500_000_000  # protobuf ends at 2 GiB


class GraphEditor:
    """The main graph of a model, with its constants and the readers of its values by name."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.graph = model.graph
        self._constants = {tensor.name: tensor for tensor in self.graph.initializer}
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    @property
    def opset(self) -> int:
        return next(int(o.version) for o in self.model.opset_import if o.domain in ("", "ai.onnx"))

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
        if name not in self._arrays:
            self._arrays[name] = numpy_helper.to_array(self._constants[name])
        return self._arrays[name]

    def readers(self, value: str) -> list[onnx.NodeProto]:
        """The nodes of the graph that take a value."""
        return [node for node in self.graph.node if value in node.input]

    def is_output(self, value: str) -> bool:
        return any(output.name == value for output in self.graph.output)

    def constant(self, name: str, values: npt.ArrayLike) -> str:
        """Add a constant, unless one of that name is there, and return its name."""
        if name not in self._constants:
            tensor = numpy_helper.from_array(np.ascontiguousarray(values), name)
            self.graph.initializer.append(tensor)
            self._constants[name] = tensor
        return name

    def replace(self, old: Sequence[onnx.NodeProto], new: Sequence[onnx.NodeProto]) -> None:
        """Put nodes where the first of the old ones stands, and take all the old ones out."""
        gone = {node.output[0] for node in old}
        kept: list[onnx.NodeProto] = []
        for node in self.graph.node:
            if node.output[0] == old[0].output[0]:
                kept += new
            if node.output[0] not in gone:
                kept.append(node)
        del self.graph.node[:]
        self.graph.node.extend(kept)

    def insert_before(self, place: onnx.NodeProto, new: Sequence[onnx.NodeProto]) -> None:
        """Put nodes before another one."""
        position = list(self.graph.node).index(place)
        for offset, node in enumerate(new):
            self.graph.node.insert(position + offset, node)

    def drop_unused_constants(self) -> None:
        """Remove the constants that no node of the graph or of a subgraph reads."""
        read = {output.name for output in self.graph.output} | set(_names_read(self.graph))
        kept = [tensor for tensor in self.graph.initializer if tensor.name in read]
        if len(kept) < len(self.graph.initializer):
            del self.graph.initializer[:]
            self.graph.initializer.extend(kept)

    def require_contrib(self) -> None:
        """Say that the graph holds operators of onnxruntime's own."""
        if all(entry.domain != CONTRIB for entry in self.model.opset_import):
            self.model.opset_import.append(helper.make_opsetid(CONTRIB, 1))


def save_graph(model: onnx.ModelProto, path: Path) -> None:
    """Write a graph; its weights go into a file beside it where one cannot hold them."""
    large = model.ByteSize() > _ONE_FILE_BYTES
    onnx.save(model, path, save_as_external_data=large, location=MODEL_DATA if large else None)


def _names_read(graph: onnx.GraphProto) -> list[str]:
    names = []
    for node in graph.node:
        names += node.input
        for attribute in node.attribute:
            for subgraph in (attribute.g, *attribute.graphs):
                names += _names_read(subgraph)
    return names
