"""Nodes and constants that are put into the file of a graph, in the wire format.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.onnx_graph.edited_message import EditedMessage
from edgebert.onnx_graph.wire_format import bytes_field, float_field, number_field

AttributeValue = (
    int | float | str | Sequence[int] | Sequence[float] | Sequence[str] | npt.NDArray[np.generic]
)
"""What an attribute may hold; an array becomes a tensor."""

_RAW_DATA = 9
_DATA_TYPES = {
    "float32": 1, "uint8": 2, "int8": 3, "uint16": 4, "int16": 5, "int32": 6, "int64": 7,
    "bool": 9, "float16": 10, "float64": 11, "uint32": 12, "uint64": 13,
}  # fmt: skip
"""TensorProto.DataType by numpy's names."""


@dataclass(frozen=True)
class NewNode:
    """An operator call to put into a graph; `domain` "" is ONNX's own."""

    op_type: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    domain: str = ""
    name: str = ""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)

    def message(self) -> EditedMessage:
        """Its NodeProto."""
        parts = [_text(1, name) for name in self.inputs]
        parts += [_text(2, name) for name in self.outputs]
        parts += [_text(3, self.name)] if self.name else []
        parts += [_text(4, self.op_type)]
        parts += [bytes_field(5, attribute(*item)) for item in self.attributes.items()]
        parts += [_text(7, self.domain)] if self.domain else []
        return EditedMessage.of(b"".join(parts))


def attribute(name: str, value: AttributeValue) -> bytes:
    """An AttributeProto.

    Raises:
        ValueError: an empty sequence, whose type nobody knows, or one of several types.
    """
    number, encoded = _encoded(name, value)
    return _text(1, name) + encoded + number_field(20, number)


def _encoded(name: str, value: AttributeValue) -> tuple[int, bytes]:
    """AttributeProto.type, and the field that holds the value."""
    match value:
        case np.ndarray():
            tensor = b"".join(bytes(chunk) for chunk in constant("", value).chunks())
            return 4, bytes_field(5, tensor)
        case str():
            return 3, _text(4, value)
        case int():
            return 2, number_field(3, value)
        case float():
            return 1, float_field(2, value)
    kinds = {float if isinstance(each, float) else type(each) for each in value}
    if kinds == {int}:
        return 7, b"".join(number_field(8, int(each)) for each in value)
    if kinds == {str}:
        return 8, b"".join(_text(9, str(each)) for each in value)
    if kinds == {float}:
        return 6, b"".join(float_field(7, float(each)) for each in value)
    raise ValueError(f"attribute {name} holds no numbers or texts of one type: {value!r}")


def constant(name: str, values: npt.NDArray[Any]) -> EditedMessage:
    """A TensorProto, whose values are those of the array: they are not copied, if it lies in order.

    Raises:
        ValueError: numbers of a type that ONNX does not have.
    """
    ordered = np.ascontiguousarray(values).reshape(values.shape)  # a scalar would get an axis
    ordered = ordered.astype(ordered.dtype.newbyteorder("<"), copy=False)
    if ordered.dtype.name not in _DATA_TYPES:
        raise ValueError(f"{name}: ONNX has no {ordered.dtype.name}")
    head = b"".join(number_field(1, length) for length in values.shape)
    head += number_field(2, _DATA_TYPES[ordered.dtype.name]) + (_text(8, name) if name else b"")
    return EditedMessage.of(head, (_RAW_DATA, ordered.reshape(-1).view(np.uint8).data))


def _text(number: int, text: str) -> bytes:
    return bytes_field(number, text.encode())
