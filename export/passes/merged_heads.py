"""Merge projections of one value, each parted into heads, into one."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np
import onnx
from onnx import helper

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
    groups: dict[tuple[str, int, int], list[_Projection]] = defaultdict(list)
    shapes = {value.name: value.type.tensor_type.shape.dim for value in graph.value_info}
    for node in graph.node:
        if node.op_type == "Transpose" and attribute(node, "perm") == _BY_HEADS:
            found = _projection(node, def_use, shapes)
            if found is not None:
                groups[found.read, found.heads, found.width].append(found)
    merged = 0
    for together in groups.values():
        if len(together) > 1:
            _merge(graph, together, def_use)
            merged += len(together)
    remove_unread(graph)
    return merged


class _Projection(NamedTuple):
    """A linear layer whose result is parted into heads.

    Attributes:
        given: what it is called in the end.
        read: what it reads.
        product: the node that multiplies.
        weight, bias: constants.
        heads, width: how many, and of how many numbers each.
    """

    given: str
    read: str
    product: onnx.NodeProto
    weight: str
    bias: str
    heads: int
    width: int


def _projection(
    transpose: onnx.NodeProto,
    def_use: DefUse,
    shapes: dict[str, list[onnx.TensorShapeProto.Dimension]],
) -> _Projection | None:
    """The linear layer whose heads `transpose` brings before its tokens."""
    reshape = def_use.producers.get(transpose.input[0])
    if reshape is None or reshape.op_type != "Reshape":
        return None
    add = def_use.producers.get(reshape.input[0])
    if add is None or add.op_type != "Add":
        return None
    bias = next((name for name in add.input if def_use.is_constant(name)), None)
    product = next((def_use.producers.get(name) for name in add.input if name != bias), None)
    if bias is None or product is None or product.op_type != "MatMul":
        return None
    dims = [dim.dim_value for dim in shapes.get(reshape.output[0], ())]
    alone = all(len(def_use.readers(node.output[0])) == 1 for node in (reshape, add, product))
    if (
        not alone
        or len(dims) != 4
        or not dims[2] * dims[3]
        or not def_use.is_constant(product.input[1])
    ):
        return None
    return _Projection(
        transpose.output[0], product.input[0], product, product.input[1], bias, dims[2], dims[3]
    )


def _merge(graph: onnx.GraphProto, projections: list[_Projection], def_use: DefUse) -> None:
    first = projections[0]
    name = merge_names([one.product.name for one in projections])
    weight = _side_by_side(graph, [one.weight for one in projections], def_use)
    bias = _side_by_side(graph, [one.bias for one in projections], def_use)
    parted = np.array([0, 0, len(projections) * first.heads, first.width], np.int64)
    nodes = [
        helper.make_node("MatMul", [first.read, weight], [f"{name}.product"], name=name),
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
            [one.given for one in projections],
            axis=_HEAD_AXIS,
            num_outputs=len(projections),
        ),
    ]
    nodes[0].metadata_props.extend(first.product.metadata_props)
    replace_nodes(graph, [one.given for one in projections], nodes)


def _side_by_side(graph: onnx.GraphProto, names: list[str], def_use: DefUse) -> str:
    values = np.concatenate([def_use.constant(name) for name in names], axis=-1)
    return add_constant(graph, merge_names(names), values)
