"""Small changes to a graph that several passes make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx

from edgebert.onnx_graph.in_memory.def_use import read_by

CONTRIB = "com.microsoft"
"""The domain of onnxruntime's own operators."""


def opset_of(model: onnx.ModelProto) -> int:
    """Version of ONNX's own operators that a model uses."""
    return next(int(o.version) for o in model.opset_import if o.domain in ("", "ai.onnx"))


def import_contrib(model: onnx.ModelProto) -> None:
    """Let the model use onnxruntime's own operators."""
    if all(entry.domain != CONTRIB for entry in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(CONTRIB, 1))


def add_constant(graph: onnx.GraphProto, name: str, values: npt.NDArray[np.generic]) -> str:
    """Add a constant, unless the graph has it already."""
    if all(tensor.name != name for tensor in graph.initializer):
        graph.initializer.append(onnx.numpy_helper.from_array(values, name))
    return name


def put_instead(graph: onnx.GraphProto, value: str, nodes: list[onnx.NodeProto]) -> None:
    """Put `nodes`, the last of which makes `value`, where the node was that makes it now."""
    position = next(i for i, node in enumerate(graph.node) if value in node.output)
    del graph.node[position]
    for offset, node in enumerate(nodes):
        graph.node.insert(position + offset, node)


def read_instead(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Let every node read other values: the name of each to the one that is read in its place."""
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)


def remove_unread(graph: onnx.GraphProto) -> int:
    """Remove what no output needs.

    1. A node none of whose outputs is read goes, and then what only it read.
    2. A constant that nothing reads goes; one that a subgraph reads stays.

    Returns:
        How many nodes were removed.
    """
    before = len(graph.node)
    reads = Counter(name for node in graph.node for name in read_by(node))
    reads.update(value.name for value in graph.output)
    for node in reversed(list(graph.node)):
        if not any(reads[name] for name in node.output):
            reads.subtract(read_by(node))
            graph.node.remove(node)
    for tensor in [t for t in graph.initializer if not reads[t.name]]:
        graph.initializer.remove(tensor)
    return before - len(graph.node)
