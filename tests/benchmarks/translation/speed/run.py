"""The whole benchmark: find ways, then alternating rounds, then the record."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.rounds import in_turns
from benchmarks.translation.speed.contestants import Contestant
from benchmarks.translation.speed.plan import QUICK, Plan, Sentences
from benchmarks.translation.speed.record import SpeedRecord, Throughput
from benchmarks.translation.speed.results import agreement_of, alone_of, rows_of, throughput_of
from benchmarks.translation.speed.seating import Seating
from benchmarks.translation.speed.turns import Rounds
from edgebert.latency.noise import CpuTime, cpu_time, noise_of
from edgebert.records.measured import Noise


def run_benchmark(
    model: str,
    contestants: Sequence[Contestant],
    test: Sentences,
    plan: Plan,
    *,
    cores: tuple[int, ...],
    log: Path,
    say: Callable[[str], None],
) -> SpeedRecord:
    """Run it.

    Args:
        model: its name.
        contestants: who.
        test: what.
        plan: how much.
        cores: each number of them that processes are bound to.
        log: what the processes print goes there.
        say: told what happens.
    """
    began, before, test = time.perf_counter(), _cpu_time(), test.of(plan.sentences)
    with Seating(test, plan, log) as seating:
        seating.enter(contestants, cores, say)
        names = [one.name for one in contestants if one.name not in seating.failures]
        rounds = Rounds(seating, test, plan)
        taken = in_turns(
            rounds.events(names, cores),
            plan.rounds,
            lambda number: say(f"round {number + 1} of {plan.rounds}"),
        )
        rows = tuple(rows_of(contestants, seating, taken))
        throughput = tuple(throughput_of(rounds, seating, test, taken))
    return SpeedRecord(
        quick=plan is QUICK,
        model=model,
        test=test.name,
        sentences=len(test.sources),
        cores=cores,
        contestants=rows,
        throughput=throughput,
        alone=tuple(alone_of(taken)),
        trials=tuple(seating.trials),
        agreement=agreement_of(contestants, rounds),
        noise=_noise(throughput, before),
        seconds=time.perf_counter() - began,
    )


def _cpu_time() -> CpuTime | None:
    """CPU time with that of the seats, whose processes have ended when this is called again."""
    now = cpu_time()
    return now and replace(now, own=sum(os.times()[:4]))


def _noise(throughput: Sequence[Throughput], before: CpuTime | None) -> Noise:
    rounds = [[[round(1e9 * seconds)] for seconds in row.seconds] for row in throughput]
    return noise_of(rounds, before, _cpu_time())
