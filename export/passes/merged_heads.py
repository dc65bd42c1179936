"""Merge projections of one value, each parted into heads, into one."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import onnx
from onnx import helper

from edgebert.export.passes.projections import Projection, projection_ending_in, side_by_side
from edgebert.onnx_graph.in_memory.def_use import DefUse, attribute
from edgebert.onnx_graph.in_memory.edits import add_constant, remove_unread, replace_nodes
from edgebert.onnx_graph.merged import merge_names

_BY_HEADS = [0, 2, 1, 3]
_HEAD_AXIS = 1  # of [rows, heads, tokens, width of a head]


def merge_heads(model: onnx.ModelProto) -> int:
    """Merge projections of one value, each parted into heads, into one.

    1. Transpose(Reshape(x W + b), (0, 2, 1, 3)) of several constants W and b and one x, all to
       heads as wide and as many -> the same once, with W and b side by side, and a Split of heads.
    2. The merged weight is called as `edgebert.onnx_graph.merged` has it.
    3. A projection that something else reads before it is parted, or whose x no other is made of,
       stays.

    A decoder's own keys, values and queries are such, and what all its layers attend to of a source.

    Returns:
        How many projections were merged.
    """
    graph = model.graph
    def_use = DefUse(graph)
    groups: dict[tuple[str, int, int], list[_Parted]] = defaultdict(list)
    shapes = {value.name: value.type.tensor_type.shape.dim for value in graph.value_info}
    for node in graph.node:
        if node.op_type == "Transpose" and attribute(node, "perm") == _BY_HEADS:
            found = _parted(node, def_use, shapes)
            if found is not None:
                groups[found.projection.read, found.heads, found.width].append(found)
    merged = 0
    for together in groups.values():
        if len(together) > 1:
            _merge(graph, together, def_use)
            merged += len(together)
    remove_unread(graph)
    return merged


class _Parted(NamedTuple):
    """A projection whose result is parted into heads.

    Attributes:
        given: what it is called in the end.
        heads, width: how many, and of how many numbers each.
    """

    given: str
    projection: Projection
    heads: int
    width: int


def _parted(
    transpose: onnx.NodeProto,
    def_use: DefUse,
    shapes: dict[str, list[onnx.TensorShapeProto.Dimension]],
) -> _Parted | None:
    """The projection whose heads `transpose` brings before its tokens."""
    reshape = def_use.producers.get(transpose.input[0])
    if reshape is None or reshape.op_type != "Reshape":
        return None
    add = def_use.producers.get(reshape.input[0])
    found = projection_ending_in(add, def_use)
    if add is None or found is None:
        return None
    dims = [dim.dim_value for dim in shapes.get(reshape.output[0], ())]
    nodes = (reshape, add, found.product)
    alone = all(len(def_use.readers(node.output[0])) == 1 for node in nodes)
    if not alone or len(dims) != 4 or not dims[2] * dims[3]:
        return None
    return _Parted(transpose.output[0], found, dims[2], dims[3])


def _merge(graph: onnx.GraphProto, together: list[_Parted], def_use: DefUse) -> None:
    projections, first = [one.projection for one in together], together[0]
    read, product = first.projection.read, first.projection.product
    name = merge_names([one.name for one in projections])
    weight = side_by_side(graph, [one.weight for one in projections], def_use)
    bias = side_by_side(graph, [one.bias for one in projections], def_use)
    parted = np.array([0, 0, len(together) * first.heads, first.width], np.int64)
    nodes = [
        helper.make_node("MatMul", [read, weight], [f"{name}.product"], name=name),
        helper.make_node("Add", [f"{name}.product", bias], [f"{name}.sum"]),
        helper.make_node(
            "Reshape",
            [f"{name}.sum", add_constant(graph, f"{name}.heads", parted)],
            [f"{name}.parted"],
        ),
        helper.make_node("Transpose", [f"{name}.parted"], [f"{name}.turned"], perm=_BY_HEADS),
        helper.make_node(
            "Split",
            [f"{name}.turned"],
            [one.given for one in together],
            axis=_HEAD_AXIS,
            num_outputs=len(together),
        ),
    ]
    nodes[0].metadata_props.extend(product.metadata_props)
    replace_nodes(graph, [one.given for one in together], nodes)
