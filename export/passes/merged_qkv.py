"""Merge the projections of query, key and value into the attention operator."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx

from edgebert.onnx_graph.in_memory.def_use import Wires
from edgebert.onnx_graph.in_memory.edits import CONTRIB, add_constant, put_instead, remove_unread
from edgebert.onnx_graph.merged import merge_names

_MASK, _ADDED_TO_SCORES = 4, 5  # inputs of MultiHeadAttention


def merge_qkv(model: onnx.ModelProto) -> int:
    """Merge the projections of query, key and value into the attention operator.

    1. MultiHeadAttention(x Wq + bq, x Wk + bk, x Wv + bv, mask, scores) ->
       Attention(x, [Wq Wk Wv], [bq bk bv], mask, scores), both of com.microsoft.
    2. The merged weight is called as `edgebert.onnx_graph.merged` has it, so that it can be told apart
       again; layers that share their weights share the merged one.
    3. Attention whose projections have no bias, another input each, or something between them and
       the operator (rotary positions) stays.

    Returns:
        How many attentions were merged.
    """
    graph = model.graph
    wires = Wires(graph)
    merged = 0
    for node in [node for node in graph.node if node.op_type == "MultiHeadAttention"]:
        adds = [wires.producers.get(name) for name in node.input[:3]]
        projections = [_projection(add, wires) for add in adds]
        found = [projection for projection in projections if projection is not None]
        if len(found) < 3 or len({p.input for p in found}) > 1 or any(node.input[3:4]):
            continue
        if len({tuple(wires.tensor(p.weight).dims) for p in found}) > 1:
            continue
        put_instead(graph, node.output[0], [_attention(graph, node, found, wires)])
        merged += 1
    remove_unread(graph)
    return merged


class _Projection(NamedTuple):
    """A linear layer: its name, and the names of what it reads."""

    name: str
    input: str
    weight: str
    bias: str


def _projection(add: onnx.NodeProto | None, wires: Wires) -> _Projection | None:
    """The linear layer that ends in `add`."""
    if add is None or add.op_type != "Add":
        return None
    bias = next((name for name in add.input if wires.is_constant(name)), None)
    product = next((wires.producers.get(name) for name in add.input if name != bias), None)
    if bias is None or product is None or product.op_type != "MatMul":
        return None
    if not wires.is_constant(product.input[1]):
        return None
    return _Projection(product.name, product.input[0], product.input[1], bias)


def _attention(
    graph: onnx.GraphProto, node: onnx.NodeProto, projections: list[_Projection], wires: Wires
) -> onnx.NodeProto:
    weight = _merge(graph, [p.weight for p in projections], wires)
    bias = _merge(graph, [p.bias for p in projections], wires)
    mask, scores = ((*node.input, "", "", "")[place] for place in (_MASK, _ADDED_TO_SCORES))
    attention = onnx.helper.make_node(
        "Attention",
        [projections[0].input, weight, bias, mask, *(["", scores] if scores else [])],
        list(node.output),
        name=merge_names([p.name for p in projections]) if projections[0].name else node.name,
        domain=CONTRIB,
    )
    attention.attribute.extend(node.attribute)
    attention.metadata_props.extend(node.metadata_props)
    return attention


def _merge(graph: onnx.GraphProto, names: list[str], wires: Wires) -> str:
    values = np.concatenate([wires.constant(name) for name in names], axis=-1)
    return add_constant(graph, merge_names(names), values)
