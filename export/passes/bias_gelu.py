"""Fuse the bias before a GELU into it."""

from __future__ import annotations

import onnx

from edgebert.onnx_graph.in_memory.def_use import Wires, attribute
from edgebert.onnx_graph.in_memory.edits import CONTRIB, put_instead, remove_unread


def fuse_bias_gelu(model: onnx.ModelProto) -> int:
    """Fuse the bias before a GELU into it.

    1. Gelu(Add(x, bias)) -> BiasGelu(x, bias), with a constant bias of one axis.
    2. Where Gelu is the approximation by tanh -> FastGelu(x, bias), which computes the same.
    3. A sum that something else reads too stays.

    Returns:
        How many were fused.
    """
    graph = model.graph
    wires = Wires(graph)
    fused = 0
    for node in [node for node in graph.node if node.op_type == "Gelu"]:
        add = wires.producers.get(node.input[0])
        if add is None or add.op_type != "Add" or len(wires.readers(add.output[0])) > 1:
            continue
        bias = next((name for name in add.input if is_bias(name, wires)), None)
        if bias is None:
            continue
        x = next(name for name in add.input if name != bias)
        tanh = attribute(node, "approximate", b"none") == b"tanh"
        gelu = onnx.helper.make_node(
            "FastGelu" if tanh else "BiasGelu",
            [x, bias],
            list(node.output),
            name=node.name,
            domain=CONTRIB,
        )
        gelu.metadata_props.extend(node.metadata_props)
        put_instead(graph, node.output[0], [gelu])
        fused += 1
    remove_unread(graph)
    return fused


def is_bias(name: str, wires: Wires) -> bool:
    """Whether a value is a constant of one axis."""
    return wires.is_constant(name) and len(wires.tensor(name).dims) == 1
