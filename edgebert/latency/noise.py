"""How steady the machine was while something was timed, and who disturbed it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from edgebert.latency.rounds import Rounds, spread
from edgebert.records.timed import Noise

NOISY_SPREAD = 0.08
"""Where the calmer rounds of every call differ by less, medians agree within 5 % a minute later.

Tried on two recordings of one process and one thread: of 135 pairs of stretches of ten rounds or
more, none differed by over 5 % at any shape, the worst by 4.9 %.
"""

NOISY_OTHERS = 0.05
NOISY_STEAL = 0.02


@dataclass(frozen=True)
class CpuTime:
    """CPU time of the cores this process may use, in seconds since boot.

    Attributes:
        total: all of it, idle time too.
        busy: what any process here took.
        own: what this process took.
        stolen: what the host gave to other guests.
    """

    total: float
    busy: float
    own: float
    stolen: float


def cpu_time() -> CpuTime | None:
    """CPU time until now, or None where the system does not count it (only Linux does)."""
    try:
        lines = Path("/proc/stat").read_text().splitlines()
    except OSError:
        return None
    names = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    rows = [line.split() for line in lines if line.split()[0] in names]
    # user, nice, system, idle, iowait, irq, softirq, steal
    ticks = [sum(map(int, column)) for column in zip(*(row[1:9] for row in rows), strict=True)]
    if len(ticks) < 8:
        return None
    total, idle, stolen = sum(ticks), sum(ticks[3:5]), ticks[7]
    second = os.sysconf("SC_CLK_TCK")
    busy = (total - idle - stolen) / second
    return CpuTime(total / second, busy, process_time(), stolen / second)


def noise_of(timed: Iterable[Rounds], before: CpuTime | None, after: CpuTime | None) -> Noise:
    """Judge all timed calls.

    Args:
        timed: the rounds of each call.
        before: CPU time when timing started.
        after: CPU time when it ended.
    """
    spreads = [spread(rounds) for rounds in timed]
    others, steal = shares(before, after)
    reasons = tuple(_reasons(spreads, others or 0.0, steal or 0.0))
    return Noise(max(spreads, default=0.0), steal, bool(reasons), others, reasons)


def shares(before: CpuTime | None, after: CpuTime | None) -> tuple[float | None, float | None]:
    """Shares of the CPU time between two moments: other processes', and stolen by the host."""
    if before is None or after is None or after.total <= before.total:
        return None, None
    total = after.total - before.total
    others = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, others / total), (after.stolen - before.stolen) / total


def _reasons(spreads: Sequence[float], others: float, steal: float) -> Iterable[str]:
    if unsteady := [one for one in spreads if one > NOISY_SPREAD]:
        yield (
            f"the same call took up to {100 * max(unsteady):.0f} % longer in one round than in "
            f"another ({len(unsteady)} of {len(spreads)} calls by more than "
            f"{100 * NOISY_SPREAD:.0f} %)"
        )
    if others > NOISY_OTHERS:
        yield f"other processes took {100 * others:.0f} % of the cores' time"
    if steal > NOISY_STEAL:
        yield f"the host gave {100 * steal:.0f} % of the cores' time to other guests"
