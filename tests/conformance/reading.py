"""How a text is read, in plain Python: framed by special tokens, cut, and in parts where it is long.

It shares no code with any client. What it takes from the tokenizer are the tokens of a text alone:
without special tokens, and not cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conformance.vocabularies import Frame

_STRIDE = 128


@dataclass(frozen=True)
class Tokens:
    """Tokens of a text, and the characters [start, end) of it that each stands for."""

    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, part: slice) -> Tokens:
        return Tokens(self.ids[part], self.offsets[part])


@dataclass(frozen=True)
class Framed:
    """What a graph is fed, with the characters of each token; special ones stand for (0, 0)."""

    ids: tuple[int, ...]
    type_ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Cut:
    """Where texts are cut.

    Attributes:
        max_length: most tokens, special ones with them.
        strategy: of pairs: "longest_first", or "only_second" for questions with their contexts.
        direction: "right" keeps the beginning of a text, "left" its end.
    """

    max_length: int
    strategy: str = "longest_first"
    direction: str = "right"


def framed(tokens: Tokens, frame: Frame) -> Framed:
    return _joined((frame.first, 0), (tokens, 0), (frame.last, 0))


def framed_pair(first: Tokens, second: Tokens, frame: Frame) -> Framed:
    kind = frame.second_type
    at = 1  # of what is between, the first token still belongs to the first text
    between = (frame.between[:at], 0), (frame.between[at:], kind)
    return _joined((frame.first, 0), (first, 0), *between, (second, kind), (frame.last, kind))


def kept(tokens: Tokens, room: int, direction: str) -> Tokens:
    """The beginning of a text, or its end."""
    return tokens[:room] if direction == "right" else tokens[max(len(tokens) - room, 0) :]


def kept_of_pair(first: Tokens, second: Tokens, room: int, cut: Cut) -> tuple[Tokens, Tokens]:
    """What of two texts is read: room is how many tokens they may have together."""
    if cut.strategy == "only_second":
        return first, kept(second, room - len(first), cut.direction)
    if len(first) + len(second) <= room:
        return first, second
    shorter = min(len(first), len(second))
    rooms = (shorter, room - shorter) if shorter <= room - shorter else (room // 2, -(-room // 2))
    if len(first) > len(second):
        rooms = rooms[::-1]
    return kept(first, rooms[0], cut.direction), kept(second, rooms[1], cut.direction)


def parts(tokens: Tokens, room: int, stride: int, direction: str) -> list[Tokens]:
    """Parts of a text in order, each of which shares `stride` tokens with its neighbours.

    They are laid from the beginning, or from the end where that is what is kept.
    """
    step, found = room - stride, []
    for begin in range(0, max(len(tokens), 1), step):
        whole = begin + room >= len(tokens)
        if direction == "right":
            found.append(tokens[begin : begin + room])
        else:
            end = len(tokens) - begin
            found.insert(0, tokens[max(end - room, 0) : end])
        if whole:
            break
    return found


def stride_of(room: int) -> int:
    """What neighbouring windows share: 128, halved until it is half of the room at most."""
    stride = _STRIDE
    while stride > room // 2:
        stride //= 2
    return stride


def windows(tokens: Tokens, room: int, direction: str) -> list[Tokens]:
    """Parts that overlap, for answers that stand at a place in a text."""
    return parts(tokens, room, stride_of(room), direction)


def _joined(*some: tuple[Tokens | Sequence[int], int]) -> Framed:
    whole = Framed((), (), ())
    for part, kind in some:
        ids = part.ids if isinstance(part, Tokens) else tuple(part)
        offsets = part.offsets if isinstance(part, Tokens) else len(ids) * ((0, 0),)
        whole = replace(
            whole,
            ids=whole.ids + ids,
            type_ids=whole.type_ids + len(ids) * (kind,),
            offsets=whole.offsets + offsets,
        )
    return whole
