"""A mean over the tokens of a row that has none."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import Wires
from edgebert.onnx_graph.in_memory.edits import add_constant

_MASK = "attention_mask"


def count_at_least_one_token(model: onnx.ModelProto) -> int:
    """Let the mean of a row that is all padding be 0 instead of no number.

    1. Div(x, ReduceSum(attention_mask)) -> Div(x, Clip(ReduceSum(attention_mask), 1)). Casts and
       Expands between are passed over: float32 arrives at the Div.
    2. Any other divisor stays.

    In a quantized graph such a row would spoil those beside it: they share one scale.

    Returns:
        How many divisors were bounded.
    """
    graph = model.graph
    wires = Wires(graph)
    means = [n for n in graph.node if n.op_type == "Div" and _counts_tokens(n.input[1], wires)]
    for mean in means:
        bounded = f"{mean.output[0]}.tokens"
        one = add_constant(graph, "pooling.one_token", np.array(1, np.float32))
        position = next(i for i, node in enumerate(graph.node) if node.output[0] == mean.output[0])
        graph.node.insert(position, helper.make_node("Clip", [mean.input[1], one], [bounded]))
        mean.input[1] = bounded
    return len(means)


def _counts_tokens(name: str, wires: Wires) -> bool:
    total = wires.producers.get(_source(name, wires))
    return (
        total is not None
        and total.op_type == "ReduceSum"
        and _source(total.input[0], wires) == _MASK
    )


def _source(name: str, wires: Wires) -> str:
    """What a value is a cast or a repetition of."""
    node = wires.producers.get(name)
    while node is not None and node.op_type in ("Cast", "Expand"):
        name = node.input[0]
        node = wires.producers.get(name)
    return name
