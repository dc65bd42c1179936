"""Store weights the way round in which they are multiplied."""

from __future__ import annotations

import numpy as np
import onnx

from edgebert.onnx_graph.in_memory.def_use import DefUse, attribute
from edgebert.onnx_graph.in_memory.edits import read_instead


def store_transposed(model: onnx.ModelProto) -> int:
    """Store weights the way round in which they are multiplied.

    1. Transpose(w), of a constant that nothing else reads -> a constant, for all its readers.
    2. A constant that is read as it stands too (a tied embedding table) stays, and is transposed
       when a session is opened.

    torch's exporter does so for a small weight and for one that is used once. A large one that
    several layers share (ALBERT) it leaves, and hides the layer's weight from the passes after.

    Returns:
        How many weights were turned.
    """
    graph = model.graph
    def_use = DefUse(graph)
    turned = 0
    for tensor in list(graph.initializer):
        readers = def_use.readers(tensor.name)
        if readers and all(_transposes(node, readers[0]) for node in readers):
            _turn(tensor, readers, graph)
            turned += 1
    return turned


def _transposes(node: onnx.NodeProto, first: onnx.NodeProto) -> bool:
    """Whether a node transposes, and as `first` does."""
    return node.op_type == "Transpose" and attribute(node, "perm") == attribute(first, "perm")


def _turn(
    tensor: onnx.TensorProto, transposes: list[onnx.NodeProto], graph: onnx.GraphProto
) -> None:
    """Turn a constant, and let the readers of its transposes read it."""
    values = onnx.numpy_helper.to_array(tensor).transpose(attribute(transposes[0], "perm"))
    name = transposes[0].output[0]
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
    read_instead(graph, {node.output[0]: name for node in transposes})
    for node in transposes:
        graph.node.remove(node)
