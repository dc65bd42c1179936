"""Timing in alternating rounds: A B C A B C ..., so that a drifting machine hits all alike.

Whatever else runs on a machine only ever makes a call slower, and comes and goes within seconds.
So a call's figures are those of its calmer rounds, and rounds are added until these agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter_ns, sleep

from edgebert.progress import track

Call = Callable[[], object]
Rounds = list[list[int]]
"""Nanoseconds of every timed run of one call, a list for each round."""

_AGREED_SPREAD = 0.03  # of the calmer rounds, where no more are needed
_PATIENCE = 1.5  # times the rounds asked for, where they do not agree
_STEADY_RUNS = 3
_STEADY = 1.1  # slowest over fastest of the last runs, from which on a call counts as warm
_TASKS = Path("/proc/self/task")
_MOST_REST = 0.05  # seconds


def time_in_rounds(
    calls: Sequence[Call], *, rounds: int, seconds: float, label: str = "timing"
) -> list[Rounds]:
    """Time all `calls`, taking turns.

    Args:
        calls: what is timed.
        rounds: how many turns each call gets; half as many more where rounds disagree, if they
            fit into twice the time.
        seconds: how long each call is timed, over `rounds` turns; every turn has a run at least.
        label: stands before the progress bar.
    """
    for call in calls:
        warm_up(call, seconds=seconds / 4)
    timed: list[Rounds] = [[] for _ in calls]
    end = perf_counter_ns() + 2 * seconds * len(calls) * 1e9
    for done in track(range(math.ceil(_PATIENCE * rounds)), label):
        if done >= rounds and (perf_counter_ns() > end or _agree(timed)):
            break
        for call, turns in zip(calls, timed, strict=True):
            turns.append(_turn(call, seconds / rounds))
    return timed


def _agree(timed: Sequence[Rounds]) -> bool:
    return max(map(spread, timed)) <= _AGREED_SPREAD


def calmer(rounds: Rounds) -> Rounds:
    """The half of the rounds with the smallest medians."""
    return sorted(rounds, key=median)[: math.ceil(len(rounds) / 2)]


def spread(rounds: Rounds) -> float:
    """Largest less smallest median of the calmer rounds, as a share of their median."""
    medians = [median(times) for times in calmer(rounds)]
    return (max(medians) - min(medians)) / median(medians)


def warm_up(call: Call, *, seconds: float) -> None:
    """Run `call` until its last runs took alike, for `seconds` at most."""
    end = perf_counter_ns() + seconds * 1e9
    recent: list[int] = []
    while len(recent) < _STEADY_RUNS or max(recent) > _STEADY * min(recent):
        recent = [*recent[1 - _STEADY_RUNS :], _time(call)]
        if perf_counter_ns() > end:
            return


def _turn(call: Call, seconds: float) -> list[int]:
    """Times of as many runs as fit; the first pays for the caches that the other calls filled."""
    _wait_for_spinning_threads()
    end = perf_counter_ns() + seconds * 1e9
    times = [_time(call)]
    while perf_counter_ns() < end:
        times.append(_time(call))
    return times[1:] or times


def _wait_for_spinning_threads() -> None:
    """Onnxruntime's threads spin on for some 40 ms, and would take cores from the next call."""
    if not _TASKS.is_dir():  # not Linux
        sleep(_MOST_REST)
        return
    end = perf_counter_ns() + 2 * _MOST_REST * 1e9
    while _running_threads() > 1 and perf_counter_ns() < end:
        sleep(_MOST_REST / 10)


def _running_threads() -> int:
    """Threads of this process that have a core or wait for one; this one is among them."""
    states = []
    for task in _TASKS.iterdir():
        with suppress(OSError):  # it may have ended by now
            states.append((task / "stat").read_text().rpartition(")")[2].split()[0])
    return states.count("R")


def _time(call: Call) -> int:
    start = perf_counter_ns()
    call()
    return perf_counter_ns() - start
