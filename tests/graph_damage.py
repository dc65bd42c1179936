"""Graphs that are wrong in one place each, as exporters and optimizers get them wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from edgebert.bundle import open_bundle, seal
from edgebert.runtimes import Model, load

Change = Callable[[onnx.GraphProto], None]


def damage_graph(
    bundle: Path, output: Path, change: Change, *, fixed_shape: tuple[int, int] | None = None
) -> Model:
    """Copy a bundle, change its graph and seal it, so that only running it can tell.

    Args:
        bundle: a bundle that is right.
        output: where the copy goes.
        change: what is done to the graph.
        fixed_shape: what the manifest of the copy says about it.
    """
    shutil.copytree(bundle, output)
    model = onnx.load(output / "model.onnx")
    change(model.graph)
    onnx.save(model, output / "model.onnx")
    seal(output, replace(open_bundle(bundle).manifest, fixed_shape=fixed_shape))
    return load(output)


def change_input(graph: onnx.GraphProto, name: str, body: str) -> None:
    """Let every node that reads input `name` read `changed`, which `body` computes."""
    for node in graph.node:
        for i, read in enumerate(node.input):
            if read == name:
                node.input[i] = "changed"
    nodes = [*_parsed(body), *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def change_output(graph: onnx.GraphProto, name: str, body: str) -> None:
    """Let `body` compute output `name` from `right`, which it was before."""
    for node in graph.node:
        for values in (node.input, node.output):
            for i, value in enumerate(values):
                if value == name:
                    values[i] = "right"
    graph.node.extend(_parsed(body))


def zero_weight(graph: onnx.GraphProto, ending: str) -> None:
    (tensor,) = [tensor for tensor in graph.initializer if tensor.name.endswith(ending)]
    zeros = np.zeros_like(onnx.numpy_helper.to_array(tensor))
    tensor.CopyFrom(onnx.numpy_helper.from_array(zeros, tensor.name))


def mask_ignored(graph: onnx.GraphProto) -> None:
    body = f"{_PLACES}\nchanged = Identity (ones)"
    change_input(graph, "attention_mask", body)


def mask_as_end_index(graph: onnx.GraphProto) -> None:
    """Keep only how many tokens are real, as onnxruntime's own Attention fusion does."""
    body = f"""
        {_PLACES}
        count = ReduceSum <keepdims=1> (attention_mask, axis)
        seen = LessOrEqual (place, count)
        changed = Cast <to=7> (seen)
    """
    change_input(graph, "attention_mask", body)


def mask_without_holes(graph: onnx.GraphProto) -> None:
    """Keep only where the first and the last real token are."""
    body = """
        along = Constant <value_int=1> ()
        none = Constant <value_int=0> ()
        before = CumSum (attention_mask, along)
        after = CumSum <reverse=1> (attention_mask, along)
        begun = Greater (before, none)
        left = Greater (after, none)
        seen = And (begun, left)
        changed = Cast <to=7> (seen)
    """
    change_input(graph, "attention_mask", body)


def mean_without_floor(graph: onnx.GraphProto) -> None:
    """Divide by the number of real tokens, even where that is 0."""
    (division,) = [node for node in graph.node if node.op_type == "Clip" and _counts(node, graph)]
    division.op_type = "Identity"
    del division.input[1:]


def padding_row_leaks(graph: onnx.GraphProto) -> None:
    """Add 1 to every row of a batch in which one row is all padding."""
    body = """
        axis = Constant <value_ints=[1]> ()
        none = Constant <value_int=0> ()
        count = ReduceSum <keepdims=0> (attention_mask, axis)
        fewest = ReduceMin <keepdims=0> (count)
        leaks = Equal (fewest, none)
        leak = Cast <to=1> (leaks)
        last_hidden_state = Add (right, leak)
    """
    change_output(graph, "last_hidden_state", body)


def token_types_ignored(graph: onnx.GraphProto) -> None:
    body = "none = Constant <value_int=0> ()\nchanged = Mul (token_type_ids, none)"
    change_input(graph, "token_type_ids", body)


def wrong_from_token_17(graph: onnx.GraphProto) -> None:
    body = f"""
        {_PLACES}
        sixteen = Constant <value_int=16> ()
        late = Greater (place, sixteen)
        wrong = Cast <to=1> (late)
        last = Constant <value_ints=[-1]> ()
        column = Unsqueeze (wrong, last)
        last_hidden_state = Add (right, column)
    """
    change_output(graph, "last_hidden_state", body)


def right_only_if_optimized(graph: onnx.GraphProto) -> None:
    """(1 / x) * x where 1 / x is too large for a float: the basic level makes it x / x."""
    body = """
        highest = ReduceMax <keepdims=0> (right)
        one = Constant <value_float=1.0> ()
        nothing = Constant <value_float=0.0> ()
        none = Mul (highest, nothing)
        small = Constant <value_float=2e-39> ()
        tiny = Add (none, small)
        inverse = Div (one, tiny)
        unit = Mul (inverse, tiny)
        last_hidden_state = Mul (right, unit)
    """
    change_output(graph, "last_hidden_state", body)


def fixed_to_one_row(graph: onnx.GraphProto) -> None:
    """Reshape as if there were one row, as a tracer does that took the batch for a constant."""
    body = (
        "shape = Constant <value_ints=[1, -1, 64]> ()\nlast_hidden_state = Reshape (right, shape)"
    )
    change_output(graph, "last_hidden_state", body)


def take_int32(graph: onnx.GraphProto) -> None:
    """Ask for int32 in every input."""
    for value in graph.input:
        value.type.tensor_type.elem_type = onnx.TensorProto.INT32
        for node in graph.node:
            for i, read in enumerate(node.input):
                if read == value.name:
                    node.input[i] = f"{value.name}_wide"
    casts = "\n".join(f"{v.name}_wide = Cast <to=7> ({v.name})" for v in graph.input)
    nodes = [*_parsed(casts), *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def take_only(batch: int, tokens: int) -> Change:
    """Fix the shape of every input."""

    def change(graph: onnx.GraphProto) -> None:
        for value in graph.input:
            for dimension, size in zip(
                value.type.tensor_type.shape.dim, (batch, tokens), strict=True
            ):
                dimension.dim_value = size

    return change


_PLACES = """
    axis = Constant <value_ints=[1]> ()
    along = Constant <value_int=1> ()
    zeros = Sub (attention_mask, attention_mask)
    ones = Add (zeros, along)
    place = CumSum (ones, along)
"""


def _parsed(body: str) -> list[onnx.NodeProto]:
    lines = [line.strip() for line in body.strip().splitlines()]
    return [onnx.parser.parse_node(line) for line in lines if line]


def _counts(clip: onnx.NodeProto, graph: onnx.GraphProto) -> bool:
    """Whether what is clipped is the number of real tokens: a sum of nothing but the mask."""
    (source,) = [node for node in graph.node if clip.input[0] in node.output]
    return bool(source.op_type == "ReduceSum")
