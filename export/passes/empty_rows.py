"""A mean over the tokens of a row that has none."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from edgebert.onnx_graph.in_memory.def_use import DefUse
from edgebert.onnx_graph.in_memory.edits import add_constant, insert_before

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
    def_use = DefUse(graph)
    means = [n for n in graph.node if n.op_type == "Div" and _counts_tokens(n.input[1], def_use)]
    for mean in means:
        bounded = f"{mean.output[0]}.tokens"
        one = add_constant(graph, "pooling.one_token", np.array(1, np.float32))
        clip = helper.make_node("Clip", [mean.input[1], one], [bounded])
        insert_before(graph, mean.output[0], [clip])
        mean.input[1] = bounded
    return len(means)


def _counts_tokens(name: str, def_use: DefUse) -> bool:
    total = def_use.producers.get(_source(name, def_use))
    return (
        total is not None
        and total.op_type == "ReduceSum"
        and _source(total.input[0], def_use) == _MASK
    )


def _source(name: str, def_use: DefUse) -> str:
    """What a value is a cast or a repetition of."""
    node = def_use.producers.get(name)
    while node is not None and node.op_type in ("Cast", "Expand"):
        name = node.input[0]
        node = def_use.producers.get(name)
    return name
