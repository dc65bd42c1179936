"""Take the projections of query, key and value out of the attention operator."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgebert.onnx_graph.in_memory.edits import replace_nodes
from edgebert.onnx_graph.merged import names_within

_MASK, _ADDED_TO_SCORES = 3, 5  # inputs of Attention
_PARTS = ("query", "key", "value")


def split_attention(model: onnx.ModelProto) -> int:
    """Take the projections of query, key and value out of the attention operator.

    1. Attention(x, w, b, mask, "", scores) -> MultiHeadAttention(x wq + bq, x wk + bk, x wv + bv,
       "", mask, scores), so that each projection is a MatMul with an int8 form.
    2. Weights get back the names from before they were merged; layers that share theirs go on
       sharing.
    3. Attention with a past stays, and so does one whose parts are of unequal width.

    Returns:
        How many attentions were split.
    """
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    found = [node for node in graph.node if _can_be_split(node, constants)]
    for node in found:
        replace_nodes(graph, [node.output[0]], _split(graph, node, constants))
    read = {name for node in graph.node for name in node.input}
    for tensor in [constants[name] for node in found for name in node.input[1:3]]:
        if tensor.name not in read and tensor in graph.initializer:
            graph.initializer.remove(tensor)
    return len(found)


def _can_be_split(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> bool:
    if node.op_type != "Attention" or node.domain != "com.microsoft" or any(node.input[4:5]):
        return False
    unequal = any(entry.name == "qkv_hidden_sizes" for entry in node.attribute)
    return not unequal and all(name in constants for name in node.input[1:3])


def _split(
    graph: onnx.GraphProto, node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]
) -> list[onnx.NodeProto]:
    weights, biases = (_parts(graph, constants[name]) for name in node.input[1:3])
    nodes, projected = [], []
    for layer, weight, bias in zip(_names_of_parts(node.name), weights, biases, strict=True):
        value = f"{node.output[0]}.{layer}"
        nodes += [
            helper.make_node("MatMul", [node.input[0], weight], [f"{value}.product"], name=layer),
            helper.make_node("Add", [f"{value}.product", bias], [value]),
        ]
        projected.append(value)
    mask, scores = ((*node.input, "", "", "")[place] for place in (_MASK, _ADDED_TO_SCORES))
    attention = helper.make_node(
        "MultiHeadAttention",
        [*projected, "", mask, *([scores] if scores else [])],
        list(node.output),
        name=node.name,
        domain=node.domain,
    )
    attention.attribute.extend(node.attribute)
    return [*nodes, attention]


def _parts(graph: onnx.GraphProto, tensor: onnx.TensorProto) -> list[str]:
    """Names of a merged tensor's three parts, which are added unless they are there."""
    names = _names_of_parts(tensor.name)
    if all(other.name != names[0] for other in graph.initializer):
        for name, values in zip(names, np.split(numpy_helper.to_array(tensor), 3, -1), strict=True):
            graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return list(names)


def _names_of_parts(name: str) -> tuple[str, ...]:
    """What was merged into `name`; for a graph made by others, names after it."""
    names = names_within(name)
    return names if len(names) == len(_PARTS) else tuple(f"{name}.{part}" for part in _PARTS)
