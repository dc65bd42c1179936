"""Definitions and uses of the values of a graph, and the names that it has given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

SHAPE_OPERATORS = frozenset({"Shape", "Size"})


class DefUse:
    """The values of a graph by name: their producer, their readers, and what is constant.

    A picture of the graph as it was: make a new one after nodes have changed.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.outputs = {value.name for value in graph.output}
        self.producers = {name: node for node in graph.node for name in node.output}
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in set(names_read(node)):
                self._readers.setdefault(name, []).append(node)
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._tensors.update(
            (node.output[0], attribute.t)
            for node in graph.node
            if node.op_type == "Constant"
            for attribute in node.attribute
            if attribute.name == "value"
        )

    def readers(self, name: str) -> list[onnx.NodeProto]:
        return self._readers.get(name, [])

    def is_constant(self, name: str) -> bool:
        return name in self._tensors

    def size(self, name: str) -> int:
        """Elements of a constant."""
        return int(np.prod(self._tensors[name].dims, dtype=np.int64))

    def tensor(self, name: str) -> onnx.TensorProto:
        """A constant as it is stored."""
        return self._tensors[name]

    def constant(self, name: str) -> npt.NDArray[np.generic]:
        return np.asarray(onnx.numpy_helper.to_array(self._tensors[name]))

    def scalar(self, name: str) -> float | None:
        """The value of a constant of one element; None for anything else."""
        if not self.is_constant(name) or self.size(name) != 1:
            return None
        return float(self.constant(name).reshape(-1)[0].astype(np.float64))

    def made_of_shapes(self, name: str) -> bool:
        """Whether a value depends on constants and on shapes of other values alone."""
        pending, seen = [name], set()
        while pending:
            value = pending.pop()
            if value in seen or not value or self.is_constant(value):
                continue
            seen.add(value)
            node = self.producers.get(value)
            if node is None:
                return False
            if node.op_type not in SHAPE_OPERATORS:
                pending.extend(node.input)
        return True


def attribute(node: onnx.NodeProto, name: str, default: object = None) -> object:
    """An attribute's value, or `default` where the node does not state it."""
    found = next((a for a in node.attribute if a.name == name), None)
    return default if found is None else onnx.helper.get_attribute_value(found)


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The values of the attributes that a node states, by name."""
    return {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}


def symbolic_shape(value: onnx.ValueInfoProto) -> tuple[int | str, ...] | None:
    """Shape as far as it is told; None when a dimension is unknown: two unknowns need not be equal."""
    dims = tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim)
    return None if any(d in ("", 0) for d in dims) else dims


def names_read(node: onnx.NodeProto) -> Iterator[str]:
    """Names that a node reads, those that its subgraphs take from around them among them."""
    yield from node.input
    for subgraph in subgraphs(node):
        for inner in subgraph.node:
            yield from names_read(inner)
        yield from (value.name for value in subgraph.output)


def names_given(graph: onnx.GraphProto) -> Iterator[str]:
    """Names of all values, in subgraphs too: none may be given again, not even inside one."""
    yield from (entry.name for entry in (*graph.input, *graph.initializer))
    for node in graph.node:
        yield from node.output
        for subgraph in subgraphs(node):
            yield from names_given(subgraph)


def subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The bodies that a node holds, as If and Loop do."""
    for entry in node.attribute:
        if entry.HasField("g"):
            yield entry.g
        yield from entry.graphs
