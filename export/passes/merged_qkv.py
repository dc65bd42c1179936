"""Merge the projections of query, key and value into the attention operator."""

from __future__ import annotations

import onnx

from edgebert.export.passes.projections import Projection, projection_ending_in, side_by_side
from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.onnx_graph.in_memory.edits import CONTRIB, remove_unread, replace_nodes
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
    def_use = DefUse(graph)
    merged = 0
    for node in [node for node in graph.node if node.op_type == "MultiHeadAttention"]:
        adds = [def_use.producers.get(name) for name in node.input[:3]]
        projections = [projection_ending_in(add, def_use) for add in adds]
        found = [projection for projection in projections if projection is not None]
        if len(found) < 3 or len({p.read for p in found}) > 1 or any(node.input[3:4]):
            continue
        if len({tuple(def_use.tensor(p.weight).dims) for p in found}) > 1:
            continue
        replace_nodes(graph, [node.output[0]], [_attention(graph, node, found, def_use)])
        merged += 1
    remove_unread(graph)
    return merged


def _attention(
    graph: onnx.GraphProto, node: onnx.NodeProto, projections: list[Projection], def_use: DefUse
) -> onnx.NodeProto:
    weight = side_by_side(graph, [p.weight for p in projections], def_use)
    bias = side_by_side(graph, [p.bias for p in projections], def_use)
    mask, scores = ((*node.input, "", "", "")[place] for place in (_MASK, _ADDED_TO_SCORES))
    attention = onnx.helper.make_node(
        "Attention",
        [projections[0].read, weight, bias, mask, *(["", scores] if scores else [])],
        list(node.output),
        name=merge_names([p.name for p in projections]) if projections[0].name else node.name,
        domain=CONTRIB,
    )
    attention.attribute.extend(node.attribute)
    attention.metadata_props.extend(node.metadata_props)
    return attention
