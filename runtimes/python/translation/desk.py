"""What one caller works on: sentences that are read, written and put together, many at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from edgebert.runtimes.translation.graphs import ReadSource, TranslatorGraphs
from edgebert.runtimes.translation.growing import GrowingTargets, Sown
from edgebert.runtimes.translation.pieces import Source, Targets, Writer
from edgebert.runtimes.translation.search import Ended

Key = TypeVar("Key")

ROWS = 64
"""Of a step at most: more are no faster, and who comes waits longer for each step."""

_READ_TOGETHER = 32
"""Sources that are read together, where so many wait: they are written later."""


@dataclass(eq=False)
class _Asked(Generic[Key]):
    """A writer that waits for targets.

    Attributes:
        key: by which its answer is known.
        found: targets of each source that it asked for.
        left: sources without targets.
    """

    key: Key
    writer: Writer[Any]
    found: list[Targets]
    left: int


@dataclass(frozen=True)
class _Wanted(Generic[Key]):
    """A source that somebody waits for, in its place among those he asked for."""

    asked: _Asked[Key]
    place: int
    source: Source


class Desk(Generic[Key]):
    """Works on what is put on it, in turns; used by one thread at a time.

    Args:
        graphs: of the bundle.
        rows: of a step at most.
    """

    def __init__(self, graphs: TranslatorGraphs, rows: int = ROWS) -> None:
        self._graphs = graphs
        self._rows = rows
        self._unread: deque[_Wanted[Key]] = deque()
        self._read: deque[tuple[_Wanted[Key], ReadSource]] = deque()
        self._growing: dict[int, GrowingTargets[_Wanted[Key]]] = {}
        self._finished: list[tuple[Key, Any]] = []

    @property
    def busy(self) -> bool:
        """Whether something is left to do."""
        return bool(self._unread or self._read or any(map(len, self._growing.values())))

    @property
    def room(self) -> int:
        """Sentences that would not wait long."""
        waiting = len(self._unread) + len(self._read)
        growing = sum(len(one) * beams for beams, one in self._growing.items())
        return max(0, self._rows - growing + _READ_TOGETHER - waiting)

    def put(self, key: Key, writer: Writer[Any]) -> None:
        """Take one more to work on."""
        self._go_on(_Asked(key, writer, [], 0), None)

    def turn(self) -> list[tuple[Key, Any]]:
        """Write a token more of all that there is room for.

        Returns:
            The answers that were finished, or why there is none, with their keys.
        """
        self._read_more()
        self._sow()
        for growing in list(self._growing.values()):
            if len(growing):
                self._step(growing)
        finished, self._finished = self._finished, []
        return finished

    def drop(self, gone: Callable[[Key], bool]) -> None:
        """Forget what is known by some keys."""
        self._unread = deque(one for one in self._unread if not gone(one.asked.key))
        self._read = deque(pair for pair in self._read if not gone(pair[0].asked.key))
        for growing in self._growing.values():
            growing.drop(lambda wanted: gone(wanted.asked.key))

    def _go_on(self, asked: _Asked[Key], found: Sequence[Targets] | None) -> None:
        """Let a writer ask for more, or answer."""
        try:
            sources = next(asked.writer) if found is None else asked.writer.send(found)
            while not sources:
                sources = asked.writer.send(())
        except StopIteration as end:
            self._finished.append((asked.key, end.value))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
            self._finished.append((asked.key, error))
        else:
            asked.found = [()] * len(sources)
            asked.left = len(sources)
            self._unread += [_Wanted(asked, place, one) for place, one in enumerate(sources)]

    def _read_more(self) -> None:
        """Read sources where those that are read would not do for the next step."""
        room = self._rows - sum(len(one) * beams for beams, one in self._growing.items())
        if not self._unread or len(self._read) >= max(1, room):
            return
        count = min(len(self._unread), max(room, _READ_TOGETHER))
        wanted = [self._unread.popleft() for _ in range(count)]
        try:
            read = self._graphs.read([one.source.encoding for one in wanted])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
            self._fail(wanted, error)
            return
        self._read += zip(wanted, read, strict=True)

    def _sow(self) -> None:
        """Begin what was read, in order, while there is room."""
        rows = self._rows - sum(len(one) * beams for beams, one in self._growing.items())
        beginning: dict[int, list[Sown[_Wanted[Key]]]] = {}
        growing = any(map(len, self._growing.values()))
        while self._read:
            wanted, source = self._read[0]
            options = wanted.source.options
            if rows < options.beam and (growing or beginning):
                break
            self._read.popleft()
            rows -= options.beam
            writing = self._graphs.writing
            ended = Ended(options, options.limit(writing, source.tokens), writing.end_id)
            beginning.setdefault(options.beam, []).append(Sown(wanted, source, ended))
        for beam, sown in beginning.items():
            self._of(beam).sow(sown)

    def _of(self, beam: int) -> GrowingTargets[_Wanted[Key]]:
        if beam not in self._growing:
            self._growing = {beams: one for beams, one in self._growing.items() if len(one)}
            self._growing[beam] = GrowingTargets(self._graphs, beam, self._rows)
        return self._growing[beam]

    def _step(self, growing: GrowingTargets[_Wanted[Key]]) -> None:
        try:
            done = growing.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
            self._fail([one.owner for one in growing.clear()], error)
            return
        for one in done:
            asked = one.owner.asked
            asked.found[one.owner.place] = tuple(one.ended.targets)
            asked.left -= 1
            if not asked.left:
                self._go_on(asked, asked.found)

    def _fail(self, wanted: Sequence[_Wanted[Key]], error: Exception) -> None:
        """Tell all who waited for some sources, once, and forget what else they wait for."""
        failed = dict.fromkeys(one.asked.key for one in wanted)
        self._finished += [(key, error) for key in failed]
        self.drop(failed.__contains__)
