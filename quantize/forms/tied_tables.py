"""A table of embeddings that is a decoder's output too: one weight, in floats and in int8."""

from __future__ import annotations

import onnx
from onnx import helper, numpy_helper

from edgebert.onnx_graph.in_memory.def_use import attribute
from edgebert.onnx_graph.in_memory.edits import replace_nodes
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.weights import MULTIPLIER
from edgebert.quantize.forms.activations import InputGrid
from edgebert.quantize.forms.products import StoredWeight

_TO_LAST = (1, 2, 0)
"""From [width, rows, tokens] to [rows, tokens, width]."""


def turn_tied_tables(model: onnx.ModelProto) -> list[str]:
    """Keep a table that is an output too as the product takes it, so that int8 has it once.

    1. Gather(table, ids), MatMul(x, Transpose(table)) -> Transpose(Gather(w, ids, axis=1)),
       MatMul(x, w), where w, [width, pieces], takes the name of the table.
    2. A table that anything else reads stays.

    Returns:
        The names of the tables.
    """
    graph = model.graph
    tables = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
    readers: dict[str, list[onnx.NodeProto]] = {name: [] for name in tables}
    for node in graph.node:
        for name in set(node.input) & tables.keys():
            readers[name].append(node)
    turned = [name for name, nodes in readers.items() if _is_tied(nodes)]
    for name in turned:
        values = numpy_helper.to_array(tables[name])
        tables[name].CopyFrom(numpy_helper.from_array(values.T.copy(), name))
        for node in readers[name]:
            _read_turned(graph, node)
    return turned


def look_up_integers(
    editor: GraphEditor, name: str, stored: StoredWeight, grid: InputGrid, group: str
) -> None:
    """Let every lookup in a turned table read the int8 weight of the product.

    1. Gather(w, ids, axis=1) -> Gather(codes, ids, axis=1) -> Cast -> Mul(Gather(scales, ids)).
    2. Where the product's inputs are multiplied, and its weight is divided, this is undone.

    Args:
        editor: of the graph.
        name: of the float weight.
        stored: what it became.
        grid: of the inputs of the product.
        group: whose name the multiplier bears.
    """
    for node in [node for node in editor.readers(name) if node.op_type == "Gather"]:
        ids, out = node.input[1], node.output[0]
        codes, floats, scale = (editor.value(f"{out}_{p}") for p in ("int8", "float", "scale"))
        product = out if grid.multiplier is None else editor.value(f"{out}_divided")
        new = [
            helper.make_node("Gather", [stored.values, ids], [codes], axis=1),
            helper.make_node("Cast", [codes], [floats], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [stored.scales, ids], [scale]),
            helper.make_node("Mul", [floats, scale], [product]),
        ]
        if grid.multiplier is not None:
            column = grid.multiplier.reshape(-1, 1, 1)
            undone = editor.constant(group, column, ending=f"{MULTIPLIER}_of_rows")
            new.append(helper.make_node("Mul", [product, undone], [out]))
        editor.replace([node], new)


def _is_tied(readers: list[onnx.NodeProto]) -> bool:
    """Whether a table is looked up, transposed for a product, and nothing else."""
    kinds = {node.op_type for node in readers}
    plain = all(
        attribute(node, "axis", 0) == 0 if node.op_type == "Gather" else _turns(node)
        for node in readers
    )
    return kinds == {"Gather", "Transpose"} and plain


def _turns(node: onnx.NodeProto) -> bool:
    return node.op_type == "Transpose" and attribute(node, "perm", [1, 0]) == [1, 0]


def _read_turned(graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    name, out = node.input[0], node.output[0]
    if node.op_type == "Transpose":
        for reader in graph.node:
            for place, value in enumerate(reader.input):
                if value == out:
                    reader.input[place] = name
        graph.node.remove(node)
        return
    columns = f"{out}_columns"
    new = [
        helper.make_node("Gather", [name, node.input[1]], [columns], name=node.name, axis=1),
        helper.make_node("Transpose", [columns], [out], perm=_TO_LAST),
    ]
    replace_nodes(graph, [out], new)
