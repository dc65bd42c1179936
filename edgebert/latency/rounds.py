"""Timing in alternating rounds: A B A B ..., so that a drifting machine hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns

Call = Callable[[], object]
Rounds = list[list[int]]
"""Nanoseconds of every timed run of one call, a list for each round."""

_STEADY_RUNS = 3
_STEADY = 1.1  # slowest over fastest of the last runs, from which on a call counts as warm


def time_in_rounds(calls: Sequence[Call], *, rounds: int, seconds: float) -> list[Rounds]:
    """Time all `calls`, taking turns.

    Args:
        calls: what is timed.
        rounds: how many turns each call gets.
        seconds: how long each call is timed, over all its turns; every turn has a run at least.
    """
    for call in calls:
        warm_up(call, seconds=seconds / 4)
    timed: list[Rounds] = [[] for _ in calls]
    for _ in range(rounds):
        for call, turns in zip(calls, timed, strict=True):
            turns.append(_turn(call, seconds / rounds))
    return timed


def warm_up(call: Call, *, seconds: float) -> None:
    """Run `call` until its last runs took alike, for `seconds` at most."""
    end = perf_counter_ns() + seconds * 1e9
    recent: list[int] = []
    while len(recent) < _STEADY_RUNS or max(recent) > _STEADY * min(recent):
        recent = [*recent[1 - _STEADY_RUNS :], _time(call)]
        if perf_counter_ns() > end:
            return


def _turn(call: Call, seconds: float) -> list[int]:
    end = perf_counter_ns() + seconds * 1e9
    call()  # pays for the caches that the other calls filled
    times = [_time(call)]
    while perf_counter_ns() < end:
        times.append(_time(call))
    return times


def _time(call: Call) -> int:
    start = perf_counter_ns()
    call()
    return perf_counter_ns() - start
