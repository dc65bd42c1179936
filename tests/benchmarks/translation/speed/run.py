"""The whole benchmark: find ways, then alternating rounds, then the record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.noise import cpu_time_of_all, noise_of_rounds
from benchmarks.rounds import in_turns
from benchmarks.translation.speed.contestants import Contestant
from benchmarks.translation.speed.plan import QUICK, Plan, Sentences
from benchmarks.translation.speed.record import SpeedRecord
from benchmarks.translation.speed.results import agreement_of, alone_of, rows_of, throughput_of
from benchmarks.translation.speed.seating import Seating
from benchmarks.translation.speed.turns import Rounds


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
    began, before, test = time.perf_counter(), cpu_time_of_all(), test.of(plan.sentences)
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
        noise=noise_of_rounds((row.seconds for row in throughput), before),
        seconds=time.perf_counter() - began,
    )
