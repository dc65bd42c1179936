"""What contestants do in turns, in every round: many sentences, some one by one, and a start."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks.rounds import Turn
from benchmarks.translation.speed.plan import BEAMS, Plan, Sentences
from benchmarks.translation.speed.record import FIRST_TOKEN, SENTENCE
from benchmarks.translation.speed.seating import Seating
from benchmarks.translation.speed.seats import Opening

MANY, START = "many sentences", "start"
_ALONE = ((1, FIRST_TOKEN), (1, SENTENCE), (4, SENTENCE))
_LONGEST = {FIRST_TOKEN: 1, SENTENCE: None}


@dataclass(frozen=True)
class Event:
    """One thing that is timed.

    Attributes:
        what: `MANY` or `START`, in seconds, `FIRST_TOKEN` or `SENTENCE`, in milliseconds.
        cores: that processes are bound to.
        beams: of the search.
    """

    what: str
    cores: int
    beams: int


class Rounds:
    """Turns at seats, and what was written in them.

    Attributes:
        written: of each event `MANY` and contestant, the last time.
    """

    def __init__(self, seating: Seating, test: Sentences, plan: Plan) -> None:
        self.written: dict[tuple[Event, str], list[str]] = {}
        self._seating, self._test, self._plan = seating, test, plan

    def events(self, names: Sequence[str], cores: Sequence[int]) -> dict[Event, dict[str, Turn]]:
        """All that is timed, with each contestant's turn at it."""
        does = {MANY: self._many, START: self._start}
        events = [Event(MANY, count, beams) for count in cores for beams in BEAMS]
        events += [Event(what, count, beams) for count in cores for beams, what in _ALONE]
        events.append(Event(START, max(cores), 1))
        return {
            event: {name: partial(does.get(event.what, self._alone), event, name) for name in names}
            for event in events
        }

    def _many(self, event: Event, name: str) -> list[float]:
        way = self._seating.chosen[name, event.cores].many[event.beams]
        order = {"beams": event.beams, "options": dict(way.batching)}
        seconds, self.written[event, name] = self._seating.ask(way.opening, "translate", **order)
        return [seconds]

    def _alone(self, event: Event, name: str) -> list[float]:
        """The median over the sentences."""
        chosen = self._seating.chosen[name, event.cores]
        order = {
            "count": self._plan.alone,
            "beams": event.beams,
            "longest": _LONGEST[event.what],
            "options": dict(chosen.many[event.beams].batching),
        }
        return [median(self._seating.ask(chosen.alone, "alone", **order))]

    def _start(self, event: Event, name: str) -> list[float]:
        """From the start of a process to its first translation."""
        chosen = self._seating.chosen[name, event.cores]
        opening: Opening = chosen.alone
        batching = dict(chosen.many[event.beams].batching)
        began = time.perf_counter()
        seat = self._seating.opened(opening, self._test.sources[:1])
        try:
            seat.ask("alone", count=1, beams=event.beams, longest=None, options=batching)
            return [time.perf_counter() - began]
        finally:
            seat.close()
