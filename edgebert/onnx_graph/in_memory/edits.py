"""Small changes to a graph that export's passes and quantize's forms are made of."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import onnx

from edgebert.onnx_graph.in_memory.def_use import names_given, names_read

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
    """Add a constant, unless the graph has it already, and return its name.

    Where the name belongs to anything else, it is NAME_2, NAME_3, ...
    """
    taken = set(names_given(graph))
    tensors = {tensor.name: tensor for tensor in graph.initializer}

    def fits(name: str) -> bool:
        return name not in taken or (name in tensors and _holds(tensors[name], values))

    fitting = next(filter(fits, numbered_names(name)))
    if fitting not in taken:
        graph.initializer.append(onnx.numpy_helper.from_array(values, fitting))
    return fitting


def _holds(tensor: onnx.TensorProto, values: npt.NDArray[np.generic]) -> bool:
    if tuple(tensor.dims) != values.shape:
        return False
    there = onnx.numpy_helper.to_array(tensor)
    return there.dtype == values.dtype and np.array_equal(there, values)


def numbered_names(name: str) -> Iterator[str]:
    """NAME, NAME_2, NAME_3, ..."""
    return itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))


def replace_nodes(
    graph: onnx.GraphProto, outputs: Collection[str], new: Sequence[onnx.NodeProto]
) -> None:
    """Take out the nodes that give `outputs`, and put others where the first of them stood."""
    places = [i for i, node in enumerate(graph.node) if set(outputs).intersection(node.output)]
    for place in reversed(places):
        del graph.node[place]
    insert_nodes(graph, places[0], new)


def insert_before(graph: onnx.GraphProto, output: str, new: Sequence[onnx.NodeProto]) -> None:
    """Put nodes before the one that gives `output`."""
    insert_nodes(graph, next(i for i, n in enumerate(graph.node) if output in n.output), new)


def insert_nodes(graph: onnx.GraphProto, place: int, new: Sequence[onnx.NodeProto]) -> None:
    for offset, node in enumerate(new):
        graph.node.insert(place + offset, node)


def read_instead(graph: onnx.GraphProto, names: Mapping[str, str]) -> None:
    """Let every node read other values: the name of each to the one that is read in its place."""
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)


def rename_value(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Give a value another name where it is made and where nodes read it."""
    for tensor in graph.initializer:
        if tensor.name == old:
            tensor.name = new
    for node in graph.node:
        for place, name in enumerate(node.output):
            node.output[place] = new if name == old else name
    read_instead(graph, {old: new})


def remove_unread(graph: onnx.GraphProto) -> int:
    """Remove what no output needs.

    1. A node none of whose outputs is read goes, and then what only it read.
    2. A constant that nothing reads goes; one that a subgraph reads stays.

    Returns:
        How many nodes were removed.
    """
    before = len(graph.node)
    reads = _reads(graph)
    for place in reversed(range(before)):
        node = graph.node[place]
        if not any(reads[name] for name in node.output):
            reads.subtract(names_read(node))
            del graph.node[place]
    remove_unread_constants(graph)
    return before - len(graph.node)


def remove_unread_constants(graph: onnx.GraphProto) -> None:
    """Remove the constants that no node of the graph or of a subgraph reads, and no output is."""
    reads = _reads(graph)
    for place in reversed(range(len(graph.initializer))):
        if not reads[graph.initializer[place].name]:
            del graph.initializer[place]


def show_values(graph: onnx.GraphProto, names: Collection[str]) -> None:
    """Let a graph give values from its inside as outputs too, after those that it has."""
    shown = {value.name for value in graph.output}
    missing = [name for name in dict.fromkeys(names) if name not in shown]
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in missing)


def cut_out(
    model: onnx.ModelProto,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    """A model of some of another's nodes, with the constants that they read."""
    read = {name for node in nodes for name in names_read(node)}
    constants = [tensor for tensor in model.graph.initializer if tensor.name in read]
    graph = onnx.helper.make_graph(nodes, "part", inputs, outputs, constants)
    part = onnx.helper.make_model(graph, opset_imports=model.opset_import)
    part.ir_version = model.ir_version
    return part


def _reads(graph: onnx.GraphProto) -> Counter[str]:
    """How often each value is read, by a node or as an output."""
    reads = Counter(name for node in graph.node for name in names_read(node))
    reads.update(value.name for value in graph.output)
    return reads
