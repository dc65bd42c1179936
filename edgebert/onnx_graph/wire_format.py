"""Just enough of the protobuf wire format to walk a file, and write one, without copying payloads.

Source: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""How a field's value is written: its wire type."""

DEEPEST = 100
"""Messages inside each other that are read: as many as protobuf's own readers take."""

Data = mmap | bytes | memoryview
"""Where messages lie."""


class Field(NamedTuple):
    """One field of a message: its number, its wire type, and where it lies.

    Attributes:
        start, payload, end: offsets of its head, of what follows that, and of the next field.
        value: of a varint, unsigned; 0 for all others.
    """

    number: int
    wire_type: int
    start: int
    payload: int
    end: int
    value: int


def fields(data: Data, start: int, end: int) -> Iterator[Field]:
    """The fields of the message that lies there, in its order.

    Raises:
        ValueError: the bytes are no protobuf message.
    """
    while start < end:
        field = _field_at(data, start, end)
        yield field
        start = field.end


def _field_at(data: Data, start: int, end: int) -> Field:
    key, at = data[start], start + 1
    if key >= 0x80:
        key, at = read_varint(data, start, end)
    number, wire_type, length, value = key >> 3, key & 7, 0, 0
    if number == 0:
        raise ValueError(f"no field starts at byte {at - 1}")
    if wire_type == VARINT:
        value, after = read_varint(data, at, end)
        return Field(number, wire_type, start, at, after, value)
    if wire_type == BYTES:
        length, at = read_varint(data, at, end)
    elif wire_type in (FIXED32, FIXED64):
        length = 4 if wire_type == FIXED32 else 8
    else:
        raise ValueError(f"no field starts at byte {at - 1}")
    if at + length > end:
        raise ValueError(f"it ends {at + length - end} bytes too early")
    return Field(number, wire_type, start, at, at + length, value)


class Message:
    """One message of a mapped file: numbers by field, everything longer as offsets.

    Raises:
        ValueError: the bytes are no protobuf message; on construction, or when a field is read.
    """

    def __init__(self, data: Data, start: int, end: int, depth: int = 0) -> None:
        if depth > DEEPEST:
            raise ValueError(f"its messages are nested more than {DEEPEST} deep")
        self._data = data
        self._depth = depth
        self._varints: dict[int, list[int]] = {}
        self._spans: dict[int, list[tuple[int, int]]] = {}
        self._fixed: dict[int, list[tuple[int, int]]] = {}
        for field in fields(data, start, end):
            if field.wire_type == VARINT:
                self._varints.setdefault(field.number, []).append(field.value)
            elif field.wire_type == BYTES:
                self._spans.setdefault(field.number, []).append((field.payload, field.end))
            elif field.wire_type == FIXED32:
                self._fixed.setdefault(field.number, []).append((field.payload, field.end))

    def number(self, field: int) -> int:
        """The field's value as a signed integer, 0 where it is not set."""
        return signed(self._varints.get(field, [0])[-1])

    def numbers(self, field: int) -> tuple[int, ...]:
        """The values of a repeated integer field, which may be packed or not."""
        values = list(self._varints.get(field, []))
        for at, end in self._spans.get(field, []):
            values += packed_varints(self._data, at, end)
        return tuple(signed(value) for value in values)

    def floats(self, field: int) -> npt.NDArray[np.float32]:
        """The values of a repeated float field, which may be packed or not."""
        spans = self._fixed.get(field, []) + self._spans.get(field, [])
        return np.frombuffer(b"".join(self._data[a:b] for a, b in spans), "<f4")

    def text(self, field: int) -> str:
        """The field's value, "" where it is not set."""
        return (self.texts(field) or ("",))[-1]

    def texts(self, field: int) -> tuple[str, ...]:
        return tuple(str(self._data[a:b], "utf-8") for a, b in self._spans.get(field, []))

    def messages(self, field: int) -> list[Message]:
        spans = self._spans.get(field, [])
        return [Message(self._data, start, end, self._depth + 1) for start, end in spans]

    def data(self, field: int) -> bytes:
        """The bytes the field holds, in all its parts."""
        return b"".join(self._data[a:b] for a, b in self._spans.get(field, []))

    def length(self, field: int) -> int:
        """How many bytes the field holds, in all its parts."""
        return sum(end - start for start, end in self._spans.get(field, []))


def read_varint(data: Data, at: int, end: int) -> tuple[int, int]:
    """The varint at `at` as an unsigned 64-bit number, and where the next byte is."""
    if at < end and (byte := data[at]) < 0x80:  # as most are
        return byte, at + 1
    value = 0
    for shift in range(0, 70, 7):
        if at >= end:
            raise ValueError("it ends inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), at
    raise ValueError(f"a number at byte {at - 10} is too long")


def packed_varints(data: Data, at: int, end: int) -> Iterator[int]:
    """The unsigned numbers that lie there, one after another."""
    while at < end:
        value, at = read_varint(data, at, end)
        yield value


def field_head(field: int, length: int) -> bytes:
    """What stands before a field of so many bytes: its number and its length."""
    return varint(field << 3 | BYTES) + varint(length)


def number_field(field: int, value: int) -> bytes:
    """A field that holds an integer, which may be negative."""
    return varint(field << 3 | VARINT) + varint(value & (2**64 - 1))


def float_field(field: int, value: float) -> bytes:
    """A field that holds a float32."""
    return varint(field << 3 | FIXED32) + struct.pack("<f", value)


def bytes_field(field: int, value: bytes) -> bytes:
    """A field that holds bytes, a text in UTF-8 or a message."""
    return field_head(field, len(value)) + value


def varint(value: int) -> bytes:
    """A number from 0 to 2**64 - 1 in as few bytes as it needs."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def signed(value: int) -> int:
    """What a varint means in a field of signed integers."""
    return value - 2**64 if value >= 2**63 else value
