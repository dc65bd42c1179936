"""Token types that nobody feeds, out of a graph that takes them."""

from __future__ import annotations

import onnx
from onnx import helper

from edgebert.export.foreign.graph import IDS, TYPES


def leave_out_token_types(model: onnx.ModelProto) -> None:
    """Let a graph take its token types as 0 throughout, in place of an input.

    A bundle's readers feed every input that a graph has, from tokenizer.json, which numbers the
    two texts of a pair also where transformers feeds no types.
    """
    graph = model.graph
    taken = next((value for value in graph.input if value.name == TYPES), None)
    if taken is None:
        return
    graph.input.remove(taken)
    zero = helper.make_tensor("zero", taken.type.tensor_type.elem_type, [1], [0])
    shape = helper.make_node("Shape", [IDS], ["ids_shape"], name="ids_shape")
    zeros = helper.make_node("ConstantOfShape", ["ids_shape"], [TYPES], name=TYPES, value=zero)
    nodes = [shape, zeros, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
