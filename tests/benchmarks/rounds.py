"""Alternating rounds, so that a drifting machine hits all peers alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median

_PAUSE_S = 0.08  # threads of the last peer that still wait for work go to sleep


class PeerFailed(Exception):  # noqa: N818 - it says what happened to a peer
    """A peer could not do what it was asked; the message is one line."""


@dataclass(frozen=True)
class Turns:
    """What each peer took, and why those who dropped out did."""

    times: dict[str, list[float]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)


def in_turns(turns: Mapping[str, Callable[[], list[float]]], rounds: int) -> Turns:
    """Give everyone a turn, `rounds` times: A B C, A B C, ...

    Args:
        turns: for each peer, what does its turn and returns the times it took.
        rounds: how often.

    Returns:
        All times; a peer that fails has no further turn, and no times.
    """
    taken = Turns(times={name: [] for name in turns})
    for _ in range(rounds):
        for name, turn in turns.items():
            if name in taken.failures:
                continue
            time.sleep(_PAUSE_S)
            try:
                taken.times[name] += turn()
            except PeerFailed as error:
                taken.failures[name] = str(error)
                del taken.times[name]
    return taken


def minimum_and_median(times: list[float]) -> tuple[float, float]:
    return min(times), median(times)
