"""Just enough of the protobuf wire format to walk a file, and write one, without copying payloads.

Source: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from mmap import mmap

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DEEPEST = 100  # as protobuf's own readers


class Message:
    """One message of a mapped file: numbers by field, everything longer as offsets.

    Raises:
        ValueError: the bytes are no protobuf message; on construction, or when a field is read.
    """

    def __init__(self, data: mmap | bytes, start: int, end: int, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise ValueError(f"its messages are nested more than {_DEEPEST} deep")
        self._data = data
        self._depth = depth
        self._varints: dict[int, list[int]] = {}
        self._spans: dict[int, list[tuple[int, int]]] = {}
        while start < end:
            start = self._read_field(start, end)

    def _read_field(self, at: int, end: int) -> int:
        """Note the field at `at` and return where the next one starts."""
        key, at = read_varint(self._data, at, end)
        field, wire_type = key >> 3, key & 7
        if field == 0:
            raise ValueError(f"no field starts at byte {at - 1}")
        if wire_type == _VARINT:
            value, at = read_varint(self._data, at, end)
            self._varints.setdefault(field, []).append(value)
            return at
        if wire_type == _BYTES:
            length, at = read_varint(self._data, at, end)
        elif wire_type in (_FIXED32, _FIXED64):
            length = 4 if wire_type == _FIXED32 else 8
        else:
            raise ValueError(f"no field starts at byte {at - 1}")
        if at + length > end:
            raise ValueError(f"it ends {at + length - end} bytes too early")
        if wire_type == _BYTES:
            self._spans.setdefault(field, []).append((at, at + length))
        return at + length

    def number(self, field: int) -> int:
        """The field's value as a signed integer, 0 where it is not set."""
        return _signed(self._varints.get(field, [0])[-1])

    def numbers(self, field: int) -> tuple[int, ...]:
        """The values of a repeated integer field, which may be packed or not."""
        values = list(self._varints.get(field, []))
        for at, end in self._spans.get(field, []):
            while at < end:
                value, at = read_varint(self._data, at, end)
                values.append(value)
        return tuple(_signed(value) for value in values)

    def text(self, field: int) -> str:
        """The field's value, "" where it is not set."""
        return (self.texts(field) or ("",))[-1]

    def texts(self, field: int) -> tuple[str, ...]:
        return tuple(self._data[a:b].decode("utf-8") for a, b in self._spans.get(field, []))

    def messages(self, field: int) -> list[Message]:
        spans = self._spans.get(field, [])
        return [Message(self._data, start, end, self._depth + 1) for start, end in spans]

    def data(self, field: int) -> bytes:
        """The bytes the field holds, in all its parts."""
        return b"".join(self._data[a:b] for a, b in self._spans.get(field, []))

    def length(self, field: int) -> int:
        """How many bytes the field holds, in all its parts."""
        return sum(end - start for start, end in self._spans.get(field, []))


def read_varint(data: mmap | bytes, at: int, end: int) -> tuple[int, int]:
    """The varint at `at` as an unsigned 64-bit number, and where the next byte is."""
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


def field_head(field: int, length: int) -> bytes:
    """What stands before a field of so many bytes: its number and its length."""
    return _varint(field << 3 | _BYTES) + _varint(length)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value
