"""Fuse the bias before a GELU into it."""

from __future__ import annotations

import onnx

from edgebert.onnx_graph.in_memory.def_use import DefUse, attribute
from edgebert.onnx_graph.in_memory.edits import CONTRIB, remove_unread, replace_nodes


def fuse_bias_gelu(model: onnx.ModelProto) -> int:
    """Fuse the bias before a GELU into it.

    1. Gelu(Add(x, bias)) -> BiasGelu(x, bias), with a constant bias of one axis.
    2. Where Gelu is the approximation by tanh -> FastGelu(x, bias), which computes the same.
    3. A sum that something else reads too stays.

    Returns:
        How many were fused.
    """
    graph = model.graph
    def_use = DefUse(graph)
    fused = 0
    for node in [node for node in graph.node if node.op_type == "Gelu"]:
        add = def_use.producers.get(node.input[0])
        if add is None or add.op_type != "Add" or len(def_use.readers(add.output[0])) > 1:
            continue
        bias = next((name for name in add.input if is_bias(name, def_use)), None)
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
        replace_nodes(graph, [node.output[0]], [gelu])
        fused += 1
    remove_unread(graph)
    return fused


def is_bias(name: str, def_use: DefUse) -> bool:
    """Whether a value is a constant of one axis."""
    return def_use.is_constant(name) and len(def_use.tensor(name).dims) == 1
