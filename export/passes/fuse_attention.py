"""Put one MultiHeadAttention in the place of softmax(q k^T) v, where running it proves it right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx

from edgebert.export.passes.attention_proof import (
    Attention,
    NotProved,
    Sample,
    prove,
    values_in_long,
    values_in_short,
)
from edgebert.export.passes.attention_sites import attention_sites
from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.onnx_graph.in_memory.edits import (
    CONTRIB,
    add_constant,
    import_contrib,
    remove_unread,
    replace_nodes,
)

LOWEST_BIAS = -1e30
"""Stands in for minus infinity, of which a softmax over nothing else makes nan."""

MASK = "attention_mask"
_MASK_AS_INT32 = "attention_mask_int32"

Sampler = Callable[[set[str], str], Sample]
"""Runs the graph on its "short" or its "long" batch and gives the named values."""


@dataclass(frozen=True)
class AttentionFusion:
    """How many softmaxes over tokens there were, how many were fused, and why others were not."""

    found: int
    fused: int
    reasons: tuple[str, ...]


def fuse_attention(model: onnx.ModelProto, sample: Sampler) -> AttentionFusion:
    """Put one MultiHeadAttention in the place of softmax(q k^T) v, where running it proves it right.

    The nodes only say where to look; what they compute is found by running them on masks with
    padding on either side and holes.

    1. Scores may be scaled before or after the product, on q, on k, on both, by constants or by
       numbers computed of shapes; the scale becomes an attribute.
    2. q, k and v are the [batch, sequence, hidden] values that equal the heads side by side,
       however reshapes and transposes took them apart; where there is none (rotary positions), one
       is made.
    3. An addend or Where that is 0 at real tokens and at most -1000 at all others, whichever real
       token asks, is the padding mask: the graph's own attention_mask takes its place.
    4. One other addend [batch or 1, heads or 1, sequence, sequence] becomes the attention bias.
    5. PyTorch's guard Where(IsNaN(softmax), 0, softmax) goes: nothing can be nan any more.
    6. An addend that is 0 everywhere goes.
    7. Two other addends, a Where that is no padding mask, weights that are an output of the graph,
       or scores that are no single product: it stays as it is, with a reason.
    8. A softmax that no product reads is no attention.

    Args:
        model: a graph with constants folded.
        sample: runs it.
    """
    graph = model.graph
    def_use = DefUse(graph)
    sites, others = attention_sites(def_use)
    reasons = [
        f"{name}: not between one product of query and key and one with values" for name in others
    ]
    if not sites:
        return AttentionFusion(len(others), 0, tuple(reasons))
    short, long = sample(values_in_short(sites), "short"), sample(values_in_long(sites), "long")
    fused = 0
    for site in sites:
        try:
            attention = prove(def_use, site, short, long)
        except NotProved as reason:
            reasons.append(f"{site.softmax.name or site.softmax.output[0]}: {reason}")
        else:
            _replace(graph, attention)
            fused += 1
    if fused:
        import_contrib(model)
        del graph.value_info[:]
    remove_unread(graph)
    return AttentionFusion(len(sites) + len(others), fused, tuple(reasons))


def _replace(graph: onnx.GraphProto, attention: Attention) -> None:
    site = attention.site
    name = f"{site.context.output[0]}_attention"
    nodes: list[onnx.NodeProto] = []
    inputs = [
        attention.query or _merge(graph, nodes, site.scores.input[0], (0, 2, 1, 3), f"{name}_q"),
        attention.key or _merge(graph, nodes, site.scores.input[1], (0, 3, 1, 2), f"{name}_k"),
        attention.value or _merge(graph, nodes, site.context.input[1], (0, 2, 1, 3), f"{name}_v"),
        "",
        _int32_mask(graph) if attention.padding else "",
        _finite(graph, nodes, attention.bias) if attention.bias else "",
    ]
    merged = attention.output or f"{name}_merged"
    nodes.append(
        onnx.helper.make_node(
            "MultiHeadAttention",
            inputs if attention.bias else inputs[: 5 if attention.padding else 3],
            [merged],
            name=name,
            domain=CONTRIB,
            num_heads=attention.heads,
            scale=attention.scale,
        )
    )
    if attention.output is None:
        nodes += _split(graph, merged, site.context.output[0], attention.heads)
    replace_nodes(graph, [attention.output or site.context.output[0]], nodes)


def _merge(
    graph: onnx.GraphProto,
    nodes: list[onnx.NodeProto],
    source: str,
    order: tuple[int, ...],
    name: str,
) -> str:
    """Heads side by side: [batch, sequence, hidden] of a four-dimensional value."""
    make = onnx.helper.make_node
    shape = add_constant(graph, "attention_merged_shape", np.array([0, 0, -1], np.int64))
    nodes.append(make("Transpose", [source], [f"{name}_4d"], name=f"{name}_4d", perm=order))
    nodes.append(make("Reshape", [f"{name}_4d", shape], [name], name=name))
    return name


def _split(graph: onnx.GraphProto, source: str, target: str, heads: int) -> list[onnx.NodeProto]:
    """Heads one behind the other, [batch, heads, sequence, head size], as the product gave them."""
    make = onnx.helper.make_node
    apart = np.array([0, 0, heads, -1], np.int64)
    shape = add_constant(graph, f"attention_{heads}_heads_shape", apart)
    return [
        make("Reshape", [source, shape], [f"{source}_4d"], name=f"{source}_4d"),
        make("Transpose", [f"{source}_4d"], [target], name=f"{source}_t", perm=[0, 2, 1, 3]),
    ]


def _int32_mask(graph: onnx.GraphProto) -> str:
    (mask,) = (value for value in graph.input if value.name == MASK)
    if mask.type.tensor_type.elem_type == onnx.TensorProto.INT32:
        return MASK
    if not any(_MASK_AS_INT32 in node.output for node in graph.node):
        cast = onnx.helper.make_node("Cast", [MASK], [_MASK_AS_INT32], to=onnx.TensorProto.INT32)
        cast.name = _MASK_AS_INT32
        graph.node.insert(0, cast)
    return _MASK_AS_INT32


def _finite(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], bias: str) -> str:
    name = f"{bias}_finite"
    if not any(name in node.output for node in graph.node):
        lowest = add_constant(graph, "attention_lowest_bias", np.array(LOWEST_BIAS, np.float32))
        nodes.append(onnx.helper.make_node("Max", [bias, lowest], [name], name=name))
    return name
