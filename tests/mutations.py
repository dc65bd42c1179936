"""Mistakes that an exporter can make, made in a graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import numpy_helper

from edgebert.inspect.inspection import FUSED_OPERATORS

Mutation = Callable[[onnx.ModelProto], None]


def mutations_of(family: str) -> list[Mutation]:
    """What can be wrong with a graph of this family."""
    mutations: list[Mutation] = [swap_two_heads, ignore_the_mask]
    if family not in ("modernbert", "nomic_bert"):  # which have none
        mutations.append(zero_a_bias)
    if family in ("modernbert", "mpnet", "deberta", "deberta-v2"):
        mutations.append(drop_the_bias_of_attention)
    if family == "modernbert":
        mutations.append(widen_the_local_window)
    if family in ("modernbert", "nomic_bert"):
        mutations += [turn_faster, turn_other_pairs]
    elif family not in ("deberta", "deberta-v2"):  # which know only relative positions
        mutations.append(shift_positions)
    if family == "roformer":
        mutations.append(turn_other_pairs)
    if family in ("albert", "bert", "electra", "nomic_bert", "rembert", "roformer", "squeezebert"):
        mutations.append(invert_token_types)
    return mutations


def zero_a_bias(model: onnx.ModelProto) -> None:
    """That of the first layer's feed-forward part."""
    bias = next(tensor for tensor in model.graph.initializer if list(tensor.dims) == [128])
    _set(bias, np.zeros(128, np.float32))


def swap_two_heads(model: onnx.ModelProto) -> None:
    columns = np.arange(64).reshape(4, 16)[[1, 0, 2, 3]].flatten()
    model.graph.initializer.append(numpy_helper.from_array(columns, "swapped"))
    attention = attentions(model)[0]
    output, attention.output[0] = attention.output[0], "heads"
    _insert_after(
        model, attention, onnx.helper.make_node("Gather", ["heads", "swapped"], [output], axis=2)
    )


def ignore_the_mask(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.int64(1), "one"))
    _replace_input(model, onnx.helper.make_node("Max", ["attention_mask", "one"], ["no_mask"]))


def invert_token_types(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.int64(1), "one"))
    _replace_input(model, onnx.helper.make_node("Sub", ["one", "token_type_ids"], ["inverted"]))


def shift_positions(model: onnx.ModelProto) -> None:
    names = ("position_embeddings", "embed_positions")
    table = next(t for t in model.graph.initializer if any(name in t.name for name in names))
    _set(table, np.roll(numpy_helper.to_array(table), 1, axis=0))


def turn_faster(model: onnx.ModelProto) -> None:
    """Rotary positions that are off by a factor; a shift would change nothing."""
    for tensor in model.graph.initializer:
        if "inv_freq" in tensor.name:
            _set(tensor, 1.1 * numpy_helper.to_array(tensor))


def turn_other_pairs(model: onnx.ModelProto) -> None:
    """Neighbours where one of each half of a head is meant, or the other way round."""
    for node in model.graph.node:
        if node.op_type == "RotaryEmbedding":
            (kind,) = [entry for entry in node.attribute if entry.name == "interleaved"]
            kind.i = 1 - kind.i


def widen_the_local_window(model: onnx.ModelProto) -> None:
    """By one token on each side."""
    values = {tensor.name: tensor for tensor in model.graph.initializer}
    (compare,) = [node for node in model.graph.node if node.op_type == "LessOrEqual"]
    width = values[compare.input[1]]
    _set(width, numpy_helper.to_array(width) + 1)


def drop_the_bias_of_attention(model: onnx.ModelProto) -> None:
    for attention in attentions(model):
        if len(attention.input) > 5:
            attention.input[5] = ""


def attentions(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The fused attentions, with or without the projections before them."""
    operators = FUSED_OPERATORS["attention"]
    return [node for node in model.graph.node if node.op_type in operators]


def _set(tensor: onnx.TensorProto, values: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _replace_input(model: onnx.ModelProto, node: onnx.NodeProto) -> None:
    """Let all others read what `node` makes of a graph input, instead of that input."""
    for reader in model.graph.node:
        for position, name in enumerate(reader.input):
            if name in node.input:
                reader.input[position] = node.output[0]
    model.graph.node.insert(0, node)


def _insert_after(model: onnx.ModelProto, node: onnx.NodeProto, new: onnx.NodeProto) -> None:
    model.graph.node.insert(list(model.graph.node).index(node) + 1, new)
