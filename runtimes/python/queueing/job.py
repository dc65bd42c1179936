"""A request in the queue: its texts, what waits of them, and what was found already."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from typing import Any

import tokenizers

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.runtimes.calls import Ask, Call, Given
from edgebert.runtimes.queueing.sizes import Size
from edgebert.runtimes.queueing.told import Submitted, Told
from edgebert.runtimes.windows import characters_of, several

_CHARACTERS = 32_768
_TEXTS = 128
"""Of a piece that is tokenized in one turn: about as long as a run takes."""


class Slot:
    """A text of an ask, which may stand in it several times."""

    __slots__ = ("cut", "encodings", "left", "rows", "text", "tokens", "value")

    def __init__(self, text: Any) -> None:
        self.text = text
        self.encodings: list[tokenizers.Encoding] = []
        self.rows: list[Any] = []
        self.left = self.tokens = 0
        self.cut = False
        self.value: Any = None

    def keep(self, part: int, row: Array) -> bool:
        """Keep what was found for a part; say whether it was the last."""
        self.rows[part] = row
        self.left -= 1
        return not self.left


class Item:
    """What is run of a text at a time: a part of it, or all."""

    __slots__ = ("encoding", "job", "length", "part", "slot", "texts")

    def __init__(self, job: Job, texts: Texts, slot: Slot, part: int) -> None:
        self.job = job
        self.texts = texts
        self.slot = slot
        self.part = part
        self.encoding = slot.encodings[part]
        self.length = len(self.encoding)


class Texts:
    """The texts of an ask.

    Args:
        ask: texts and what is done to each.

    Raises:
        InputError: they are neither a text nor a collection.
    """

    def __init__(self, ask: Ask[Any]) -> None:
        self.request = ask.request
        self.one = isinstance(ask.texts, str | bytes)
        if not self.one and not several(ask.texts):
            raise InputError("a stream of texts does not wait in a queue: submit a list")
        self._given = [ask.texts] if self.one else list(ask.texts)
        self._slots: dict[Any, Slot] = {}
        self.places: list[Slot] = []

    def pieces(self) -> Iterator[list[Slot]]:
        """Check and tokenize, piece by piece; each piece gives the texts that were not there yet."""
        new: list[Slot] = []
        characters = 0
        for place, item in enumerate(self._given):
            text = self.request.check(item, place)
            slot = self._slots.get(text)
            if slot is None:
                size = characters_of(text)
                if new and (characters + size > _CHARACTERS or len(new) == _TEXTS):
                    yield self._tokenized(new)
                    new, characters = [], 0
                slot = self._slots[text] = Slot(text)
                new.append(slot)
                characters += size
            self.places.append(slot)
        if new:
            yield self._tokenized(new)

    def read(self, slot: Slot) -> None:
        """Make the answer of what was found for all parts of a text."""
        reading = self.request.reading
        slot.value = self.request.read(reading.found(slot.text, slot.encodings, slot.rows))
        slot.encodings, slot.rows = [], []

    def answer(self) -> Any:
        """The answer for all of them."""
        if self.one:
            return self.places[0].value
        return self.request.collect(self._values(), len(self.places))

    def _values(self) -> Iterator[Any]:
        """An answer of its own for each, equal ones too."""
        seen: set[int] = set()
        repeats = len(self.places) > len(self._slots)
        for slot in self.places:
            yield copy.deepcopy(slot.value) if id(slot) in seen else slot.value
            if repeats:
                seen.add(id(slot))

    def _tokenized(self, slots: list[Slot]) -> list[Slot]:
        reading = self.request.reading
        parts = reading.parts([slot.text for slot in slots])
        for slot, encodings in zip(slots, parts, strict=True):
            slot.encodings = list(encodings)
            slot.rows = [None] * len(slot.encodings)
            slot.left = len(slot.encodings)
            slot.tokens = sum(map(len, slot.encodings))
            slot.cut = reading.cuts(slot.encodings)
        return slots


class Job:
    """A request. All but `piece`, `read` and `told` is done under the lock of its queue.

    Args:
        call: gives the verb with its arguments.
        size: about.
        bounded: whether it is refused where too much waits already.

    Attributes:
        submitted: what its caller waits for.
        items: that wait, shortest first.
        unread: tokens that are not there yet, about.
        queued: tokens of the items that wait.
        counted: tokens of it that the queue counts.
        unfinished: texts without an answer, and one more while there may be others.
        unprepared: whether more texts may come.
        held_back: whether it waits with these until others were run.
        done: whether it has its answer, or needs none.
    """

    def __init__(self, call: Callable[[], Call], size: Size, *, bounded: bool = True) -> None:
        self.submitted: Submitted | None = None
        self.bounded = bounded
        self.quick = size.quick
        self.long = size.long
        self.items: list[Item] = []
        self.unread = size.tokens
        self.queued = self.counted = 0
        self.unfinished = 1
        self.unprepared = True
        self.held_back = self.done = False
        self.began: float | None = None
        self.ended = 0.0
        self._asked = time.perf_counter()
        self._result: Callable[..., Any] | None = None
        self._answers: list[Texts | Given] = []
        self._pieces = self._prepared(call)

    def piece(self) -> tuple[list[Item], int] | None:
        """Check and tokenize some texts, all of a quick request; None where there are no more.

        Returns:
            What is to be run, and how many texts it is.
        """
        if not self.quick:
            return next(self._pieces, None)
        items: list[Item] = []
        texts = 0
        for some, count in self._pieces:
            items += some
            texts += count
        return items, texts

    def told(self) -> Told:
        """The answer, once all is there."""
        texts = [each for each in self._answers if isinstance(each, Texts)]
        slots = [slot for each in texts for slot in each.places]
        assert self._result is not None
        value = self._result(
            *(each.answer if isinstance(each, Given) else each.answer() for each in self._answers)
        )
        began = self.began or time.perf_counter()
        return Told(
            value,
            tuple(slot.tokens for slot in slots),
            tuple(slot.cut for slot in slots),
            queue_s=began - self._asked,
            run_s=max(0.0, self.ended - began),
        )

    def _prepared(self, make: Callable[[], Call]) -> Iterator[tuple[list[Item], int]]:
        call = make()
        if call.streamed:
            raise InputError("a stream of texts does not wait in a queue: submit a list")
        self._result = call.result
        for ask in call.asks:
            if isinstance(ask, Given):
                self._answers.append(ask)
                continue
            texts = Texts(ask)
            self._answers.append(texts)
            for slots in texts.pieces():
                yield (
                    [
                        Item(self, texts, slot, part)
                        for slot in slots
                        for part in range(len(slot.encodings))
                    ],
                    len(slots),
                )
