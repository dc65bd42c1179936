"""A graph in half precision, and in single where half would overflow."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime import InferenceSession, SessionOptions
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from edgebert.onnx_graph.in_memory.def_use import DefUse, attribute
from edgebert.onnx_graph.in_memory.edits import remove_unread, show_values
from edgebert.runtimes.sessions.providers import CPU

Batch = Mapping[str, npt.NDArray[np.generic]]

SAFE = 65504 / 8
"""Largest magnitude left to half precision: texts not seen here may be several times larger."""

_CONVERTED = "_cast_to_fp16_node"  # in the names of the converter's own casts
_SMALLEST = 2.0**-24  # what a smaller constant is raised to, so that no divisor becomes 0


def to_half_precision(model: onnx.ModelProto, batches: Sequence[Batch]) -> onnx.ModelProto:
    """Convert to float16 what stays in its range; inputs stay integers, outputs float32.

    Args:
        model: the graph in float32.
        batches: inputs of real texts, by which it is seen what grows too large.

    Returns:
        The converted graph.
    """
    blocked = [*overflowing_nodes(model, batches), *_nodes_of_angles(model.graph)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constants that are raised or cut
        half: onnx.ModelProto = convert_float_to_float16(
            copy.deepcopy(model),
            min_positive_val=_SMALLEST,
            max_finite_val=SAFE,
            keep_io_types=True,
            disable_shape_infer=True,  # which would end at onnxruntime's own operators
            node_block_list=blocked,
        )
    _drop_repeated_casts(half.graph)
    _join_casts(half.graph)
    OnnxModel.graph_topological_sort(half.graph)  # casts are put in at the end
    return half


def overflowing_nodes(model: onnx.ModelProto, batches: Sequence[Batch]) -> list[str]:
    """Names of the nodes that read or make a value beyond `SAFE`; every node gets a name."""
    for number, node in enumerate(model.graph.node):  # the converter knows nodes by name
        node.name = node.name or f"{node.op_type}_{number}"
    large = _large_constants(model.graph) | _large_values(model, batches)
    return [
        node.name for node in model.graph.node if large.intersection([*node.input, *node.output])
    ]


def _nodes_of_angles(graph: onnx.GraphProto) -> list[str]:
    """Sines, cosines and what leads to them: in half precision, an angle of 500 is off by 0.1."""
    def_use = DefUse(graph)
    pending = [node for node in graph.node if node.op_type in ("Cos", "Sin")]
    found: dict[str, None] = {}
    while pending:
        node = pending.pop()
        if node.name not in found:
            found[node.name] = None
            pending += [def_use.producers[name] for name in node.input if name in def_use.producers]
    return list(found)


def _drop_repeated_casts(graph: onnx.GraphProto) -> None:
    """Keep one of the casts that the converter makes for each blocked reader of a value."""
    made: set[str] = set()
    for node in list(graph.node):
        if node.op_type == "Cast" and node.output[0] in made:
            graph.node.remove(node)
        made.update(node.output)


def _join_casts(graph: onnx.GraphProto) -> None:
    """Let blocked nodes hand values to each other as they are: half would lose or overflow them.

    Of casts that the converter put in alone: one of the model's own may come from integers.
    """
    def_use = DefUse(graph)
    for node in graph.node:
        for place, name in enumerate(node.input):
            back = def_use.producers.get(name)
            there = def_use.producers.get(back.input[0]) if _casts(back, "FLOAT") else None
            if there is not None and _casts(there, "FLOAT16") and _CONVERTED in there.name:
                node.input[place] = there.input[0]
    remove_unread(graph)


def _casts(node: onnx.NodeProto | None, to: str) -> TypeGuard[onnx.NodeProto]:
    if node is None or node.op_type != "Cast":
        return False
    return bool(attribute(node, "to") == onnx.TensorProto.DataType.Value(to))


def _large_constants(graph: onnx.GraphProto) -> set[str]:
    floats = [t for t in graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    return {t.name for t in floats if _is_large(onnx.numpy_helper.to_array(t))}


def _large_values(model: onnx.ModelProto, batches: Sequence[Batch]) -> set[str]:
    """Float values that grow beyond `SAFE` on one of the batches."""
    watched = copy.deepcopy(model)
    show_values(
        watched.graph, [name for node in watched.graph.node for name in node.output if name]
    )
    options = SessionOptions()
    options.log_severity_level = 3
    session = InferenceSession(watched.SerializeToString(), options, [CPU.full_name])
    names = [value.name for value in session.get_outputs() if value.type == "tensor(float)"]
    inputs = [value.name for value in session.get_inputs()]
    large: set[str] = set()
    for batch in batches:
        values = session.run(names, {name: batch[name] for name in inputs})
        large.update(n for n, v in zip(names, values, strict=True) if _is_large(v))
    return large


def _is_large(values: npt.NDArray[np.generic]) -> bool:
    return values.size > 0 and not float(np.abs(values.astype(np.float64)).max()) <= SAFE
