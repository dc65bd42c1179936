"""Alternating rounds, so that a drifting machine hits all peers and all measurements alike.

How fast a machine is drifts over minutes, by more than peers differ: rounds that follow each other
agree with each other, and not with those of ten minutes later. So a round goes through everything
that is measured, and what is compared is taken from the same rounds.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

_PAUSE_S = 0.08
"""Threads of the last peer that still wait for work go to sleep: onnxruntime's after some 40 ms."""

E = TypeVar("E", bound=Hashable)

Turn = Callable[[], list[float]]


class PeerFailed(Exception):  # noqa: N818 - it says what happened to a peer
    """A peer could not do what it was asked; the message is one line."""


@dataclass(frozen=True)
class Turns:
    """What each peer took, and why those who dropped out did."""

    times: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, turn: Turn) -> None:
        """Give one peer a turn; one that failed has no further one, and no times."""
        if name in self.failures:
            return
        try:
            self.times.setdefault(name, []).extend(turn())
        except PeerFailed as error:
            self.failures[name] = str(error)
            del self.times[name]


def in_turns(
    events: Mapping[E, Mapping[str, Turn]], rounds: int, starting: Callable[[int], object]
) -> dict[E, Turns]:
    """Give every peer a turn at everything, `rounds` times, in a new order each time.

    Args:
        events: for each thing that is measured, and each peer, what does its turn and returns the
            times that it took.
        rounds: how often.
        starting: told the number of each round, from 0, before it.

    Returns:
        What was taken at each thing.
    """
    taken = {event: Turns() for event in events}
    for number in range(rounds):
        starting(number)
        for event, turns in events.items():
            names = list(turns)
            random.Random(number).shuffle(names)  # nobody always follows the same one
            for name in names:
                time.sleep(_PAUSE_S)
                taken[event].take(name, turns[name])
    return taken


def minimum_and_median(times: list[float]) -> tuple[float, float]:
    return min(times), median(times)
