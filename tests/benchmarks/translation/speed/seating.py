"""Seats of all contestants, each opened in its best ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.rounds import PeerFailed
from benchmarks.translation.speed.contestants import Contestant
from benchmarks.translation.speed.plan import BEAMS, Plan, Sentences
from benchmarks.translation.speed.record import Trial
from benchmarks.translation.speed.seats import Opening, Seat
from benchmarks.translation.speed.trying import Chosen, chosen_ways


class Seating:
    """Who sits where.

    Attributes:
        chosen: of each contestant's name and number of cores.
        trials: of all.
        failures: of those who cannot take part, by name.

    Args:
        test: all seats have its sentences.
        plan: how much is tried.
        log: what the processes print goes there.
    """

    def __init__(self, test: Sentences, plan: Plan, log: Path) -> None:
        self.chosen: dict[tuple[str, int], Chosen] = {}
        self.trials: list[Trial] = []
        self.failures: dict[str, str] = {}
        self._test, self._plan, self._log = test, plan, log
        self._seats: dict[Opening, Seat] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for seat in self._seats.values():
            seat.close()

    def enter(
        self, contestants: Sequence[Contestant], cores: Sequence[int], say: Callable[[str], None]
    ) -> None:
        """Find each one's ways, and open what they need."""
        for one in contestants:
            say(f"{one.title}: finding its best ways")
            try:
                for count in cores:
                    self._enter(one, count)
            except PeerFailed as error:
                say(f"{one.title}: {error}")
                self.failures[one.name] = str(error)

    def ask(self, opening: Opening, order: str, **arguments: Any) -> Any:
        """What a seat answers; it sleeps before and after.

        Raises:
            PeerFailed: it cannot.
        """
        seat = self._seats[opening]
        try:
            return seat.ask(order, **arguments)
        finally:
            seat.sleep()

    def openings(self, name: str, cores: int) -> list[Opening]:
        """All that a contestant has open on so many cores."""
        chosen = self.chosen[name, cores]
        return list(dict.fromkeys([*(way.opening for way in chosen.many.values()), chosen.alone]))

    def opened(self, opening: Opening, texts: tuple[str, ...]) -> Seat:
        """Another seat, which the caller closes."""
        return Seat(opening, texts, self._log)

    def _enter(self, contestant: Contestant, cores: int) -> None:
        tried = self._test.of(self._plan.tried).sources
        opens = partial(self.opened, texts=tried)
        alone = min(self._plan.alone, self._plan.tried)
        found, trials = chosen_ways(contestant, cores, BEAMS, opens, alone)
        self.chosen[contestant.name, cores] = found
        self.trials += trials
        for opening in self.openings(contestant.name, cores):
            if opening not in self._seats:
                self._seats[opening] = self.opened(opening, self._test.sources)
                self._seats[opening].sleep()
