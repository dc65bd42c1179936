"""Each contestant's best way, found by trying all of them on a part of the sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rounds import PeerFailed
from benchmarks.translation.speed.contestants import Contestant, Way
from benchmarks.translation.speed.record import Trial
from benchmarks.translation.speed.seats import Opening, Seat

Opens = Callable[[Opening], Seat]

_RUNS = 2
_HOPELESS = 1.6
"""An opening whose first way is slower than the best by this is not tried further."""


@dataclass(frozen=True)
class Chosen:
    """Best ways on a number of cores.

    Attributes:
        many: of many texts, by beams.
        alone: what is opened for one text.
    """

    many: Mapping[int, Way]
    alone: Opening


def chosen_ways(
    contestant: Contestant, cores: int, beams: Sequence[int], opens: Opens, alone: int
) -> tuple[Chosen, list[Trial]]:
    """Try all ways on the texts that `opens` gives its seats.

    Args:
        contestant: whose.
        cores: of `contestant.ways`.
        beams: each gets a way of its own.
        opens: makes seats.
        alone: how many texts are tried one by one.

    Raises:
        PeerFailed: it cannot be opened at all.
    """
    tried = _Tried(beams)
    openings = dict.fromkeys(way.opening for way in contestant.ways[cores])
    for opening in openings:
        ways = [way for way in contestant.ways[cores] if way.opening == opening]
        try:
            seat = opens(opening)
        except PeerFailed as error:
            tried.failure = error
            continue
        try:
            tried.time(seat, ways, alone)
        finally:
            seat.close()
    return tried.chosen(), tried.trials(contestant.name, cores)


class _Tried:
    """Least seconds of each way by beams, and milliseconds of one text by what is opened."""

    def __init__(self, beams: Sequence[int]) -> None:
        self.failure: PeerFailed | None = None
        self._seconds: dict[int, dict[Way, float]] = {each: {} for each in beams}
        self._alone: dict[Opening, float] = {}

    def time(self, seat: Seat, ways: Sequence[Way], alone: int) -> None:
        for beams, seconds in self._seconds.items():
            for way in ways:
                seconds[way] = min(_seconds(seat, beams, way) for _ in range(_RUNS))
                if way == ways[0] and seconds[way] > _HOPELESS * min(seconds.values()):
                    break
        told = seat.ask("alone", count=alone, beams=1, longest=None, options=dict(ways[0].batching))
        self._alone[seat.opening] = median(told)

    def chosen(self) -> Chosen:
        if not self._alone:
            raise self.failure or PeerFailed("there is no way to try")
        many = {beams: min(found, key=found.__getitem__) for beams, found in self._seconds.items()}
        return Chosen(many, min(self._alone, key=self._alone.__getitem__))

    def trials(self, name: str, cores: int) -> list[Trial]:
        many = self.chosen().many
        return [
            Trial(name, cores, beams, str(way), taken, chosen=way == many[beams])
            for beams, found in self._seconds.items()
            for way, taken in found.items()
        ]


def _seconds(seat: Seat, beams: int, way: Way) -> float:
    seconds, _ = seat.ask("translate", beams=beams, options=dict(way.batching))
    return float(seconds)
