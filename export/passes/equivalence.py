"""Part of a graph as a function of one value: cut out and evaluated, whatever its nodes are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from onnx.reference import ReferenceEvaluator

from edgebert.onnx_graph.in_memory.def_use import DefUse

_SPELLING = frozenset(
    {
        "Add",
        "Cast",
        "Div",
        "Erf",
        "Identity",
        "Mul",
        "Neg",
        "Pow",
        "Reciprocal",
        "ReduceMean",
        "Sqrt",
        "Sub",
        "Tanh",
    }
)
"""What a LayerNorm or a GELU is spelled with; of these, all but the mean are elementwise."""
_LARGEST = 16


class Region:
    """The nodes through which `end` is made of `start` and of constants alone.

    Attributes:
        nodes: in the order of the graph.
        constants: names of the constants that they read.
    """

    def __init__(self, def_use: DefUse, start: str, end: str, nodes: list[onnx.NodeProto]) -> None:
        self.start, self.end, self.nodes = start, end, nodes
        names = dict.fromkeys(name for node in nodes for name in node.input)
        self.constants = tuple(name for name in names if def_use.is_constant(name))
        self._def_use = def_use

    def is_closed(self) -> bool:
        """Whether nothing outside reads a value that is made inside, but for the end."""
        inside = {id(node) for node in self.nodes}
        made = {name for node in self.nodes for name in node.output} - {self.end}
        return not any(
            name in self._def_use.outputs
            or any(id(reader) not in inside for reader in self._def_use.readers(name))
            for name in made
        )

    def __call__(self, values: npt.NDArray[np.float32], opset: int) -> npt.NDArray[np.float32]:
        """The end for given values of the start."""
        make = onnx.helper
        kind = onnx.TensorProto.FLOAT
        tensors = []
        for name in self.constants:
            tensor = onnx.TensorProto()
            tensor.CopyFrom(self._def_use.tensor(name))
            tensor.name = name
            tensors.append(tensor)
        graph = make.make_graph(
            self.nodes,
            "region",
            [make.make_tensor_value_info(self.start, kind, values.shape)],
            [make.make_tensor_value_info(self.end, kind, None)],
            tensors,
        )
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", opset)])
        with np.errstate(all="ignore"):
            (result,) = ReferenceEvaluator(model).run(None, {self.start: values})
        return np.asarray(result, np.float32)


def region_between(def_use: DefUse, start: str, end: str) -> Region | None:
    """The region from `start` to `end`; None where another value enters, or it is too large."""
    nodes: dict[int, onnx.NodeProto] = {}
    pending, reached = [end], False
    while pending:
        name = pending.pop()
        if name == start:
            reached = True
        elif name and not def_use.is_constant(name):
            node = def_use.producers.get(name)
            if node is None or node.op_type not in _SPELLING or len(nodes) > _LARGEST:
                return None
            if id(node) not in nodes:
                nodes[id(node)] = node
                pending.extend(node.input)
    if not reached or not nodes:
        return None
    ordered = [node for node in def_use.producers.values() if id(node) in nodes]
    return Region(def_use, start, end, ordered)


def values_behind(def_use: DefUse, name: str, most: int = 8) -> list[str]:
    """Values that `name` is made of through such operators, nearest first."""
    found = [name]
    for value in found:
        node = def_use.producers.get(value)
        if node is None or node.op_type not in _SPELLING or len(found) > most:
            continue
        found += [i for i in node.input if i not in found and not def_use.is_constant(i)]
    return found


def values_ahead(def_use: DefUse, name: str, most: int = 12) -> list[str]:
    """Values that are made of `name` through such operators, nearest first."""
    found = [name]
    for value in found:
        for node in def_use.readers(value):
            if node.op_type in _SPELLING and len(found) <= most:
                found += [output for output in node.output if output not in found]
    return found
