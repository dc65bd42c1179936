"""Each peer's best configuration, found by trying all that it documents on a part of the texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from benchmarks.protocol import Request, Setting, Way
from benchmarks.record import Trial
from benchmarks.texts import Workload
from benchmarks.worker import Desk, Worker

C = TypeVar("C", Way, Setting)

_HOPELESS = (1.6, 1.2)
"""Slower than the best so far by this factor after the first, the second run: no further run.

The first is lenient, because some peers compile for each shape that they meet.
"""

_REQUEST_S = 0.1


def best_way(worker: Worker, workload: Workload, cores: int) -> tuple[Way, list[Trial]]:
    """The fastest way through these texts, and every trial."""

    def seconds(way: Way) -> float:
        taken, _ = worker.ask(Desk.time_texts, workload.texts, way)
        return float(taken)

    best, times = fastest(worker.ask(Desk.ways, cores), seconds)
    return best, _trials(worker.name, workload.title, best, times)


def best_setting(
    worker: Worker, requests: Sequence[Request], threads: int
) -> tuple[Setting, list[Trial]]:
    """The setting whose times over these requests sum up to least, and every trial."""

    def seconds(setting: Setting) -> float:
        times = [worker.ask(Desk.time_request, r, setting, _REQUEST_S) for r in requests]
        return sum(float(min(each)) for each in times) / 1e3

    best, times = fastest(worker.ask(Desk.settings, threads), seconds)
    on = f"single requests, {threads} thread{'s' * (threads > 1)}"
    return best, _trials(worker.name, on, best, times)


def fastest(choices: Sequence[C], seconds: Callable[[C], float]) -> tuple[C, dict[C, float]]:
    """Time every choice and return the fastest, with the least time of each.

    A choice's first run also warms it up; those that may still turn out best run again.
    """
    if len(choices) == 1:
        return choices[0], {choices[0]: seconds(choices[0])}
    times = {choice: seconds(choice) for choice in choices}
    for factor in _HOPELESS:
        bound = factor * min(times.values())
        for choice in [choice for choice, taken in times.items() if taken <= bound]:
            times[choice] = min(times[choice], seconds(choice))
    return min(times, key=lambda choice: times[choice]), times


def _trials(peer: str, on: str, best: C, times: Mapping[C, float]) -> list[Trial]:
    return [
        Trial(peer, on, str(choice), seconds, chosen=choice == best)
        for choice, seconds in times.items()
    ]
