"""A protobuf message of a file while it is edited: what is not touched is passed on as it lies there."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgebert.onnx_graph.wire_format import (
    BYTES,
    DEEPEST,
    FIXED32,
    VARINT,
    Data,
    bytes_field,
    field_head,
    fields,
    packed_varints,
    read_varint,
    signed,
)


@dataclass(eq=False, slots=True)
class _Slot:
    """One field: its head, and where the rest of it lies; `message` is what it became, once opened."""

    number: int
    wire_type: int
    head: bytes
    data: Data
    start: int
    end: int
    message: EditedMessage | None = None

    def size(self) -> int:
        if self.message is not None and self.message.changed:
            size = self.message.size()
            return len(field_head(self.number, size)) + size
        return len(self.head) + self.end - self.start

    def chunks(self) -> Generator[Data]:
        if self.message is not None and self.message.changed:
            yield field_head(self.number, self.message.size())
            yield from self.message.chunks()
        else:
            yield self.head
            with memoryview(self.data) as whole, whole[self.start : self.end] as payload:
                yield payload


class EditedMessage:
    """A message as the list of its fields, of which some are replaced, taken out or added.

    Fields that nobody knows stay where they are, and so does how a length was written. Nothing is
    copied but the heads of fields.

    Args:
        data: where it lies.
        start, end: its first byte, and the one after its last.
        depth: how many messages are around it.

    Raises:
        ValueError: the bytes are no protobuf message; on construction, or when a field is opened.
    """

    def __init__(self, data: Data, start: int, end: int, depth: int = 0) -> None:
        if depth > DEEPEST:
            raise ValueError(f"its messages are nested more than {DEEPEST} deep")
        self._depth = depth
        self._edited = False
        self._slots = list(_slots(data, start, end))

    @classmethod
    def of(cls, fields: bytes, payload: tuple[int, Data] | None = None) -> EditedMessage:
        """A new message of whole fields, and after them one whose many bytes are not copied."""
        message = cls(fields, 0, len(fields))
        if payload is not None:
            number, data = payload
            head = field_head(number, len(data))
            message._slots.append(_Slot(number, BYTES, head, data, 0, len(data)))
        message._edited = True
        return message

    @property
    def changed(self) -> bool:
        """Whether it, or a message inside it, is no longer as it was read."""
        return self._edited or any(s.message is not None and s.message.changed for s in self._slots)

    def number(self, field: int) -> int:
        """The field's value as a signed integer, 0 where it is not set."""
        found = self._of(field, VARINT)
        return (
            signed(read_varint(found[-1].data, found[-1].start, found[-1].end)[0]) if found else 0
        )

    def numbers(self, field: int) -> tuple[int, ...]:
        """The values of a repeated integer field, which may be packed or not."""
        values = [read_varint(s.data, s.start, s.end)[0] for s in self._of(field, VARINT)]
        for slot in self._of(field):
            values += packed_varints(slot.data, slot.start, slot.end)
        return tuple(signed(value) for value in values)

    def floats(self, field: int) -> npt.NDArray[np.float32]:
        """The values of a repeated float field, which may be packed or not."""
        slots = self._of(field, FIXED32) + self._of(field)
        return np.frombuffer(b"".join(s.data[s.start : s.end] for s in slots), "<f4")

    def data(self, field: int) -> bytes:
        """The bytes the field holds, in all its parts."""
        return b"".join(s.data[s.start : s.end] for s in self._of(field))

    def place(self, field: int, data: Data) -> tuple[int, int] | None:
        """Where the field's bytes lie in `data`, and how many; None where they lie elsewhere."""
        slots = self._of(field)
        if len(slots) != 1 or slots[0].data is not data:
            return None
        return slots[0].start, slots[0].end - slots[0].start

    def drop(self, field: int) -> None:
        """Take out a field."""
        left = [slot for slot in self._slots if slot.number != field]
        self._edited |= len(left) < len(self._slots)
        self._slots = left

    def length(self, field: int) -> int:
        """How many bytes the field holds, in all its parts."""
        return sum(s.end - s.start for s in self._of(field))

    def text(self, field: int) -> str:
        """The field's value, "" where it is not set."""
        return (self.texts(field) or ("",))[-1]

    def texts(self, field: int) -> tuple[str, ...]:
        return tuple(str(s.data[s.start : s.end], "utf-8") for s in self._of(field))

    def messages(self, field: int) -> list[EditedMessage]:
        """The messages that a field holds, to be read or edited."""
        return [self._opened(slot) for slot in self._of(field)]

    def rename(self, field: int, new_name: Callable[[str], str]) -> None:
        """Give each of a field's texts another value."""
        for slot in self._of(field):
            name = str(slot.data[slot.start : slot.end], "utf-8")
            if (renamed := new_name(name)) != name:
                self._slots[self._slots.index(slot)] = _slot_of(
                    bytes_field(field, renamed.encode())
                )
                self._edited = True

    def keep(self, field: int, wanted: Callable[[EditedMessage], bool]) -> None:
        """Take out the messages of a field that are not wanted."""
        gone = {id(slot) for slot in self._of(field) if not wanted(self._opened(slot))}
        self._slots = [slot for slot in self._slots if id(slot) not in gone]
        self._edited |= bool(gone)

    def set(self, field: bytes) -> None:
        """Put a field, head and all, where the one of its number is, or at the end."""
        new = _slot_of(field)
        place = next((i for i, s in enumerate(self._slots) if s.number == new.number), None)
        self._slots = [slot for slot in self._slots if slot.number != new.number]
        self._slots.insert(len(self._slots) if place is None else place, new)
        self._edited = True

    def append(self, field: int, message: EditedMessage) -> None:
        """Add a message to a repeated field, after those that it has."""
        self.arrange(field, [*self.messages(field), message])

    def arrange(self, field: int, messages: list[EditedMessage]) -> None:
        """Let a repeated field hold these messages, its own or new ones, in this order."""
        own = {id(self._opened(slot)): slot for slot in self._of(field)}
        ordered = [own.get(id(message)) or _new_slot(field, message) for message in messages]
        if [id(slot) for slot in ordered] == [id(slot) for slot in self._of(field)]:
            return
        numbers = [slot.number for slot in self._slots]
        place = numbers.index(field) if field in numbers else len(numbers)
        before = [slot for slot in self._slots[:place] if slot.number != field]
        after = [slot for slot in self._slots[place:] if slot.number != field]
        self._slots = [*before, *ordered, *after]
        self._edited = True

    def size(self) -> int:
        """Bytes that it takes now."""
        return sum(slot.size() for slot in self._slots)

    def chunks(self) -> Generator[Data]:
        """Its bytes, piece by piece; each is to be used before the next is asked for."""
        for slot in self._slots:
            yield from slot.chunks()

    def _of(self, field: int, wire_type: int = BYTES) -> list[_Slot]:
        return [s for s in self._slots if s.number == field and s.wire_type == wire_type]

    def _opened(self, slot: _Slot) -> EditedMessage:
        if slot.message is None:
            slot.message = EditedMessage(slot.data, slot.start, slot.end, self._depth + 1)
        return slot.message


def _slot_of(field: bytes) -> _Slot:
    (slot,) = _slots(field, 0, len(field))
    return slot


def _slots(data: Data, start: int, end: int) -> Iterator[_Slot]:
    for field in fields(data, start, end):
        head = bytes(data[field.start : field.payload])
        yield _Slot(field.number, field.wire_type, head, data, field.payload, field.end)


def _new_slot(field: int, message: EditedMessage) -> _Slot:
    return _Slot(field, BYTES, b"", b"", 0, 0, message)
