"""Fuse a residual sum, and the bias before it, into the LayerNorm behind it."""

from __future__ import annotations

import onnx

from edgebert.export.passes.bias_gelu import is_bias
from edgebert.onnx_graph.in_memory.def_use import DefUse, attribute, symbolic_shape
from edgebert.onnx_graph.in_memory.edits import CONTRIB, remove_unread, replace_nodes


def fuse_skip_layer_norm(model: onnx.ModelProto) -> int:
    """Fuse a residual sum, and the bias before it, into the LayerNorm behind it.

    1. LayerNormalization(Add(a, b), gain, bias) -> SkipLayerNormalization(a, b, gain, bias), where
       a and b are of one known shape of three axes, and the norm is over the last.
    2. Where a is Add(x, c) with a constant c of one axis that nothing else reads, x takes its place
       and c becomes the fifth input.
    3. A sum that others read too is the operator's fourth output.

    Returns:
        How many were fused.
    """
    graph = model.graph
    def_use = DefUse(graph)
    shapes = {value.name: _shape(value) for value in graph.value_info}
    fused = 0
    for node in [node for node in graph.node if node.op_type == "LayerNormalization"]:
        add = def_use.producers.get(node.input[0])
        if add is None or add.op_type != "Add" or attribute(node, "axis", -1) not in (-1, 2):
            continue
        if len({shapes.get(name) for name in add.input}) > 1 or not shapes.get(add.input[0]):
            continue
        replace_nodes(graph, [add.output[0]], [_skip_layer_norm(node, add, def_use)])
        graph.node.remove(node)
        fused += 1
    remove_unread(graph)
    return fused


def _skip_layer_norm(node: onnx.NodeProto, add: onnx.NodeProto, def_use: DefUse) -> onnx.NodeProto:
    summands, bias = list(add.input), ""
    for place, name in enumerate(summands):
        biased = def_use.producers.get(name)
        if not bias and biased is not None and biased.op_type == "Add":
            bias = next((b for b in biased.input if is_bias(b, def_use)), "")
            if bias and len(def_use.readers(name)) == 1:
                summands[place] = next(x for x in biased.input if x != bias)
            else:
                bias = ""
    read_elsewhere = len(def_use.readers(add.output[0])) > 1 or add.output[0] in def_use.outputs
    parameters = [*node.input[1:], ""][:2]
    fused = onnx.helper.make_node(
        "SkipLayerNormalization",
        [*summands, *parameters, bias] if bias else [*summands, *parameters],
        [node.output[0], "", "", add.output[0]] if read_elsewhere else [node.output[0]],
        name=node.name,
        domain=CONTRIB,
        epsilon=attribute(node, "epsilon", 1e-5),
    )
    fused.metadata_props.extend(node.metadata_props)
    return fused


def _shape(value: onnx.ValueInfoProto) -> tuple[int | str, ...] | None:
    """Symbolic shape of three axes, or None where it has others or some are unknown."""
    shape = symbolic_shape(value)
    return shape if shape is not None and len(shape) == 3 else None
