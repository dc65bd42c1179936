"""How noisy the machine was while processes of a benchmark ran in rounds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from edgebert.latency.noise import CpuTime, cpu_time, noise_of
from edgebert.records.timed import Noise


def cpu_time_of_all() -> CpuTime | None:
    """CPU time with that of the measured processes, which have ended when this is called again."""
    now = cpu_time()
    return now and replace(now, own=sum(os.times()[:4]))


def noise_of_rounds(rows: Iterable[Sequence[float]], before: CpuTime | None) -> Noise:
    """The noise of what took so many seconds in each round.

    Args:
        rows: of each measured thing, its seconds.
        before: `cpu_time_of_all` at the beginning.
    """
    rounds = [[[round(1e9 * seconds)] for seconds in row] for row in rows]
    return noise_of(rounds, before, cpu_time_of_all())
