"""What an ONNX file is made of: its nodes, and its weights without their values.

Reads the file itself, so that a device can look into a model without the onnx package.
Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path

from edgebert.errors import InputError
from edgebert.git_lfs import refuse_pointer
from edgebert.onnx_graph.edited_message import EditedMessage
from edgebert.onnx_graph.wire_format import Message

UINT8, INT8, FLOAT16 = 2, 3, 10
"""Some of the values of `Initializer.data_type` (TensorProto.DataType)."""

_BITS = {
    1: 32, UINT8: 8, INT8: 8, 4: 16, 5: 16, 6: 32, 7: 64, 8: 0, 9: 8, FLOAT16: 16, 11: 64, 12: 32,
    13: 64, 14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8,
    25: 2, 26: 2,
}  # fmt: skip
_MAX_RANK = 64


@dataclass(frozen=True)
class Node:
    """One operator call. `attributes` are its integer attributes; `domain` "" is ONNX's own."""

    op_type: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, int]


@dataclass(frozen=True)
class Initializer:
    """A constant tensor.

    Attributes:
        data_type: as TensorProto.DataType numbers them.
        size_bytes: what its values take, wherever they are stored (0 for strings).
        external_file: the file beside the graph that holds the values, or "" for the graph itself.
    """

    name: str
    dims: tuple[int, ...]
    data_type: int
    size_bytes: int
    external_file: str


@dataclass(frozen=True)
class OnnxGraph:
    """A model's graph, with the nodes and constants of its subgraphs in the same two lists.

    The values of Constant nodes count as initializers, named like the node's output.
    """

    ir_version: int
    opset_imports: dict[str, int]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    initializers: tuple[Initializer, ...]


def read_graph(path: Path) -> OnnxGraph:
    """Read the graph of an ONNX file, passing over the values of its weights.

    Raises:
        InputError: `path` cannot be read, or is damaged or not an ONNX file.
    """
    refuse_pointer(path)
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return _model(Message(data, 0, len(data)))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged or not an ONNX file: {error}") from error


def tensors_of(model: Message) -> Iterator[tuple[str, Message]]:
    """The constants of a model and its subgraphs: name and TensorProto of each."""
    subgraphs = list(_with_subgraphs(_graph(model)))
    for subgraph in subgraphs:
        for tensor in subgraph.messages(5):
            yield tensor.text(8), tensor
    for node in (node for subgraph in subgraphs for node in subgraph.messages(1)):
        for tensor in _constant_tensors(node):
            yield node.text(2), tensor


def _model(model: Message) -> OnnxGraph:
    graph = _graph(model)
    opset_imports = {_domain(entry.text(1)): entry.number(2) for entry in model.messages(8)}
    if not opset_imports or model.number(1) < 1:
        raise ValueError("it has no operator sets or no version")
    nodes = [node for subgraph in _with_subgraphs(graph) for node in subgraph.messages(1)]
    return OnnxGraph(
        ir_version=model.number(1),
        opset_imports=opset_imports,
        inputs=tuple(value.text(1) for value in graph.messages(11)),
        outputs=tuple(value.text(1) for value in graph.messages(12)),
        nodes=tuple(node_of(node) for node in nodes),
        initializers=tuple(_initializer(name, tensor) for name, tensor in tensors_of(model)),
    )


def _graph(model: Message) -> Message:
    graphs = model.messages(7)
    if not graphs:
        raise ValueError("it has no graph")
    return graphs[-1]


def _with_subgraphs(graph: Message) -> Iterator[Message]:
    yield graph
    for node in graph.messages(1):
        for attribute in node.messages(5):
            for subgraph in attribute.messages(6) + attribute.messages(11):
                yield from _with_subgraphs(subgraph)


def node_of(node: Message | EditedMessage) -> Node:
    """What a NodeProto says."""
    return Node(
        op_type=node.text(4),
        domain=_domain(node.text(7)),
        name=node.text(3),
        inputs=node.texts(1),
        outputs=node.texts(2),
        attributes={a.text(1): a.number(3) for a in node.messages(5) if a.number(20) == 2},
    )


def _constant_tensors(node: Message) -> list[Message]:
    if node.text(4) != "Constant":
        return []
    return [tensor for attribute in node.messages(5) for tensor in attribute.messages(5)]


def _initializer(name: str, tensor: Message) -> Initializer:
    dims, data_type, stored = tensor.numbers(1), tensor.number(2), tensor.length(9)
    if len(dims) > _MAX_RANK or min(dims, default=0) < 0:
        raise ValueError(f"tensor {name[:80]!r} has no possible shape")
    if data_type not in _BITS:
        raise ValueError(f"tensor {name[:80]!r} has the unknown type {data_type}")
    size_bytes = math.ceil(math.prod(dims) * _BITS[data_type] / 8)
    if stored not in (0, size_bytes):
        raise ValueError(f"tensor {name[:80]!r} holds {stored} bytes where {size_bytes} belong")
    entries = {entry.text(1): entry.text(2) for entry in tensor.messages(13)}
    return Initializer(name, dims, data_type, size_bytes, entries.get("location", ""))


def _domain(name: str) -> str:
    return "" if name == "ai.onnx" else name
