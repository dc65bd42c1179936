"""How steady the machine was while something was timed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from edgebert.latency.rounds import Rounds
from edgebert.records.measured import Noise

NOISY_SPREAD = 0.10
"""Round medians that differ by more make two runs of a bench differ by over 5 % at the median."""

NOISY_STEAL = 0.02


def noise_of(timed: Iterable[Rounds], before: Sequence[int], after: Sequence[int]) -> Noise:
    """Judge all timed calls.

    Args:
        timed: the rounds of each call.
        before: `cpu_ticks` when timing started.
        after: `cpu_ticks` when it ended.
    """
    spread = max((round_spread(rounds) for rounds in timed), default=0.0)
    steal = steal_share(before, after)
    return Noise(spread, steal, noisy=spread > NOISY_SPREAD or (steal or 0.0) > NOISY_STEAL)


def round_spread(rounds: Rounds) -> float:
    """Largest less smallest median of the rounds, as a share of their median."""
    medians = [median(times) for times in rounds]
    return (max(medians) - min(medians)) / median(medians)


def cpu_ticks() -> tuple[int, ...]:
    """Ticks since boot: user, nice, system, idle, iowait, irq, softirq, steal. Linux only."""
    try:
        line = Path("/proc/stat").read_text().splitlines()[0]
    except OSError:
        return ()
    return tuple(int(ticks) for ticks in line.split()[1:9])


def steal_share(before: Sequence[int], after: Sequence[int]) -> float | None:
    """Share of CPU time between two `cpu_ticks` that went to other guests of the host."""
    passed = [late - early for early, late in zip(before, after, strict=True)]
    if len(passed) < 8 or sum(passed) <= 0:
        return None
    return passed[7] / sum(passed)
