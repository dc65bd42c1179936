"""Operator calls with all their attributes, as the file of a graph holds them.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgebert.onnx_graph.edited_message import EditedMessage
from edgebert.onnx_graph.names import names_read, subgraphs
from edgebert.onnx_graph.new_node import NewNode

Attribute = int | float | str | tuple[int, ...] | tuple[float, ...]
"""What is read of an attribute."""


@dataclass(frozen=True, eq=False)
class Call:
    """One operator call; two with equal contents are still two.

    Attributes:
        domain: "" is ONNX's own.
        attributes: None for tensors, graphs and whatever else is no number or text.
        tensors: TensorProto of those attributes that are one.
        around: what graphs inside it read of the graph around them.
    """

    op_type: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute | None] = field(default_factory=dict)
    tensors: Mapping[str, EditedMessage] = field(default_factory=dict)
    around: tuple[str, ...] = ()

    def input(self, place: int) -> str:
        """Name of an input, "" where it is left out."""
        return self.inputs[place] if place < len(self.inputs) else ""

    def new_node(self) -> NewNode:
        """The same call to be put into a graph; it has numbers and texts only."""
        known = {name: value for name, value in self.attributes.items() if value is not None}
        return NewNode(self.op_type, self.inputs, self.outputs, self.domain, self.name, known)


def call_of(node: EditedMessage) -> Call:
    """What a NodeProto says."""
    attributes, domain, inputs = node.messages(5), node.text(7), node.texts(1)
    inner = any(True for _ in subgraphs(node))
    return Call(
        op_type=node.text(4),
        domain="" if domain == "ai.onnx" else domain,
        name=node.text(3),
        inputs=inputs,
        outputs=node.texts(2),
        attributes={entry.text(1): _value(entry) for entry in attributes},
        tensors={entry.text(1): t for entry in attributes for t in entry.messages(5)},
        around=tuple(names_read(node))[len(inputs) :] if inner else (),
    )


def _value(entry: EditedMessage) -> Attribute | None:
    match entry.number(20):  # AttributeProto.type
        case 1:
            return float((*entry.floats(2), 0.0)[0])
        case 2:
            return entry.number(3)
        case 3:
            return entry.text(4)
        case 6:
            return tuple(map(float, entry.floats(7)))
        case 7:
            return entry.numbers(8)
    return None
