"""The requests of one model that wait: whose turn it is, and what is run together."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import islice

from edgebert.runtimes.queueing.desks import ItemDesk, Runs, desk_of
from edgebert.runtimes.queueing.job import Item, Job
from edgebert.runtimes.queueing.sizes import about_tokens
from edgebert.runtimes.scheduling import FEWEST_TOKENS

_AHEAD = 512
"""Items of a request that wait for runs before more of its texts are tokenized: room to sort in."""

_CLOSE, _LOOSE = (2, 16), (16, 4)
"""Tokens of padding that an item may waste, and one more for each so many of its own.

16 tokens of MiniLM, half a millisecond, are what a run of its own costs; where enough waits to fill a
run with what is closer, the rest is better off in another one.
"""

_FILLED = 0.75
"""Of a run that is not filled up with what is less close."""

_TOKENIZED = 8192
"""Tokens of texts that are tokenized before what is there is run: about as long as a run takes."""

_PADDED = 1.25
"""Times the tokens that a run has with its padding: so a share of what waits fits one run."""

_NEIGHBOURS = 64
"""Requests that are looked at to fill a run."""


@dataclass(frozen=True)
class Turn:
    """What a caller does at a desk.

    Attributes:
        desk: nobody else's until it is given back.
        items: that come to what is there.
    """

    desk: ItemDesk
    items: list[Item]


class Lane:
    """What waits for the runs of one model; used under the lock of its queue.

    Args:
        runs: of its graph, or its graphs.
        most: runs at a time.

    Attributes:
        jobs: requests that have no answer yet.
        idle: desks that nobody works at.
        listed: whether the queue knows that something can be done here.
        aside: requests with a text that is too long to be tokenized in anybody's turn.
    """

    def __init__(self, runs: Runs, most: int) -> None:
        self.runs = runs
        self.most = most
        self.closed = False
        self.restart()

    def restart(self) -> None:
        """Forget all requests."""
        self.jobs: set[Job] = set()
        self.idle = [desk_of(self.runs) for _ in range(self.most)]
        self.listed = False
        self._ready: OrderedDict[Job, None] = OrderedDict()
        self._unprepared: deque[Job] = deque()
        self.aside: deque[Job] = deque()
        self._queued = 0  # tokens of the items that wait
        self._tokenize_next = False
        self._tokenized = 0  # since the last run began

    @property
    def takes(self) -> bool:
        """Whether a caller finds something to do."""
        return bool(self._unprepared) or self._runs

    @property
    def running(self) -> int:
        """Desks that somebody works at."""
        return self.most - len(self.idle)

    @property
    def _runs(self) -> bool:
        """Whether there is a desk, and something to do at it."""
        return bool(self.idle) and (bool(self._ready) or any(desk.busy for desk in self.idle))

    def waits(self, job: Job) -> bool:
        """Whether not all of a request was begun."""
        return job.unprepared or bool(job.items)

    def prepare(self, job: Job) -> None:
        """Have more of a request checked and tokenized."""
        (self.aside if job.long else self._unprepared).append(job)

    def prepared(self, job: Job, piece: tuple[list[Item], int] | None) -> None:
        """Take what was tokenized of a request."""
        items, texts = piece or ([], 0)
        if items:
            self._add(job, items)
        self._tokenized += sum(about_tokens(item.slot.text) for item in items if not item.part)
        job.unfinished += texts
        if piece is None or job.quick:
            job.unread = 0
            job.unprepared = False
            job.unfinished -= 1
        else:
            job.unread = max(0, job.unread - sum(map(_about, items)))
            job.held_back = len(job.items) >= _AHEAD
            if not job.held_back:
                self.prepare(job)

    def remove(self, job: Job) -> None:
        """Forget a request; what is running of it runs on."""
        self.jobs.discard(job)
        self._ready.pop(job, None)
        if job.unprepared and not job.held_back and job in self._unprepared:
            self._unprepared.remove(job)
        self._queued -= job.queued
        job.items, job.queued, job.unread = [], 0, 0
        job.done = True

    def take(self, idle: int) -> Job | Turn | None:
        """What a caller does next: tokenize for a request, or work at a desk.

        Args:
            idle: how many other callers have nothing to do.
        """
        runs = self._runs
        if self._unprepared and (not runs or self._tokenize_next or not self._filled):
            self._tokenize_next = False
            return self._unprepared.popleft()
        if not runs:
            return None
        desk = next((desk for desk in self.idle if desk.busy), self.idle[0])
        self.idle.remove(desk)
        return Turn(desk, self.more(desk, idle))

    def more(self, desk: ItemDesk, idle: int) -> list[Item]:
        """Items for a desk that somebody works at; none where it has no room, or nothing waits."""
        self._tokenize_next = True
        if not self._ready:
            return []
        items = self._batch(desk, min(idle, len(self.idle)))
        if items:
            self._tokenized = 0
        return items

    @property
    def _filled(self) -> bool:
        """Whether a run would be full, or tokenizing until it is would take too long."""
        return self._queued >= self.runs.tokens_per_run or self._tokenized >= _TOKENIZED

    def _add(self, job: Job, items: list[Item]) -> None:
        job.items += items
        job.items.sort(key=_length)
        tokens = sum(map(_length, items))
        job.queued += tokens
        self._queued += tokens
        self._ready[job] = None

    def _batch(self, desk: ItemDesk, others: int) -> list[Item]:
        """The longest item of the request whose turn it is, and what goes well with it."""
        first = next(iter(self._ready))
        spec, tokens = self.runs.input_spec, desk.tokens(first.items[-1].length)
        if not tokens:
            return []
        if others:
            share = int(_PADDED * self._queued) // (1 + others)
            tokens = min(tokens, max(FEWEST_TOKENS, share))
        room = _Room(tokens, spec.shape and spec.shape[0])
        for wasted in (_CLOSE, _LOOSE):
            self._fill(room, first, wasted)
            if room.filled >= _FILLED:
                break
        if first in self._ready:
            self._ready.move_to_end(first)
        return room.items

    def _fill(self, room: _Room, first: Job, wasted: tuple[int, int]) -> None:
        """Take from the request whose turn it is, and then from others."""
        if first in self._ready:
            self._move(first, room, wasted)
        if not room.full:
            for job in self._nearest(room.longest):
                self._move(job, room, wasted)
                if room.full:
                    break

    def _nearest(self, length: int) -> list[Job]:
        """Some requests whose turn comes next, those with an item of about this length first."""
        far: dict[Job, int] = {}
        for job in islice(self._ready, _NEIGHBOURS):
            items = job.items
            place = bisect_right(items, length, key=_length) if len(items) > 1 else 0
            far[job] = min(
                abs(item.length - length) for item in items[max(0, place - 1) : place + 1]
            )
        return sorted(far, key=far.__getitem__)

    def _move(self, job: Job, room: _Room, wasted: tuple[int, int]) -> None:
        """Take from a request all that has room and is about as long."""
        items = job.items
        end = bisect_right(items, room.longest, key=_length) if room.items else len(items)
        start = end
        while start and room.has(items[start - 1].length, wasted):
            start -= 1
            room.add(items[start])
        while end < len(items) and room.has(items[end].length, wasted):
            room.add(items[end])
            end += 1
        if start < end:
            self._begun(job, items[start:end])
            del items[start:end]
            if not items:
                del self._ready[job]

    def _begun(self, job: Job, items: list[Item]) -> None:
        tokens = sum(map(_length, items))
        job.queued -= tokens
        self._queued -= tokens
        job.began = job.began or time.perf_counter()
        if job.held_back and len(job.items) - len(items) < _AHEAD:
            job.held_back = False
            self.prepare(job)


class _Room:
    """What is run together, as it fills up.

    Args:
        tokens: that fit, padding included.
        texts: that a graph of fixed shape takes, of any length; None for other graphs.
    """

    def __init__(self, tokens: int, texts: int | None) -> None:
        self._tokens = tokens
        self._texts = texts
        self.items: list[Item] = []
        self.longest = 0

    @property
    def full(self) -> bool:
        """Whether nothing has room any more that is as long as the longest."""
        n = len(self.items)
        return n == self._texts if self._texts else (n + 1) * self.longest > self._tokens

    @property
    def filled(self) -> float:
        """How much of the room is taken, padding included; 1 for all."""
        n = len(self.items)
        return n / self._texts if self._texts else n * self.longest / self._tokens

    def has(self, length: int, wasted: tuple[int, int]) -> bool:
        """Whether there is room for an item of so many tokens that wastes no more by padding."""
        n = len(self.items)
        if self._texts or not n:
            return n != self._texts
        longest = max(self.longest, length)
        padded = (n + 1) * longest
        most, share = wasted
        return (
            padded <= self._tokens and padded - n * self.longest - length <= most + length // share
        )

    def add(self, item: Item) -> None:
        """Put an item to the others."""
        self.items.append(item)
        self.longest = max(self.longest, item.length)


def _length(item: Item) -> int:
    return item.length


def _about(item: Item) -> int:
    """What was thought of a text before it was tokenized: counted with its first part."""
    return 0 if item.part else about_tokens(item.slot.text, item.texts.request.reading)
