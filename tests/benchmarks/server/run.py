"""The whole benchmark: servers beside each other, then ours by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.rounds import PeerFailed
from benchmarks.server.alone.interruptions import ended, swapped
from benchmarks.server.alone.overload import overloaded
from benchmarks.server.alone.steady import memory, ready, shadow
from benchmarks.server.contestants import WORK, contestants
from benchmarks.server.loads import COMPARED, Measured, measured
from benchmarks.server.placement import placements
from benchmarks.server.plan import Plan
from benchmarks.server.record import Interruption, Server, ServerRecord
from benchmarks.server.texts import read_asked
from benchmarks.texts import open_tokenizer
from edgebert.latency.noise import CpuTime, cpu_time, noise_of
from edgebert.machine import available_cores
from edgebert.records.timed import Noise
from edgebert.runtimes import load

Say = Callable[[str], None]


def run_benchmark(
    bundles: Mapping[str, Path], checkpoint: Path, data: Path, plan: Plan, *, quick: bool, say: Say
) -> ServerRecord:
    """Run it.

    Args:
        bundles: `fp32` and `int8` of one model.
        checkpoint: its folder.
        data: the data sets.
        plan: how much.
        quick: whether the plan is one whose figures mean nothing.
        say: told what happens.

    Raises:
        InputError: something that is needed is not there.
    """
    start, before = time.perf_counter(), _cpu_time()
    entered = contestants(bundles, checkpoint)
    asked = read_asked(data, WORK)
    tokenizer = open_tokenizer(checkpoint)
    tokens = mean(len(tokenizer.encode(text)) for text in asked.short)
    wanted = load(bundles["fp32"]).embed(asked.short[:COMPARED])
    apart, together = placements()
    int8 = bundles["int8"]
    found = [
        measured(entered, int8, asked, wanted, place, plan, say) for place in (apart, together)
    ]
    alone = _Alone(say)
    interruptions = [
        alone.measure("SIGTERM under load", partial(ended, int8, asked, apart, plan)),
        alone.measure("a swap under load", partial(swapped, bundles, asked, apart, plan)),
    ]
    return ServerRecord(
        quick=quick,
        cores=available_cores(),
        texts=len(asked.short),
        tokens=tokens,
        servers=_servers(found),
        loads=tuple(each for placed in found for each in placed.loads),
        interruptions=tuple(each for each in interruptions if isinstance(each, Interruption)),
        overload=alone.measure("overload", partial(overloaded, int8, asked, tokens, apart, plan)),
        ready_s=alone.measure("starts", partial(ready, int8, together, plan)) or (),
        memory=alone.measure("memory", partial(memory, int8, asked, together, plan)),
        shadow=alone.measure("a shadow", partial(shadow, bundles, asked, together, plan)),
        failures=alone.failures,
        noise=_noise(before, _cpu_time()),
        seconds=time.perf_counter() - start,
    )


class _Alone:
    """Measures our server by itself; what fails is kept."""

    def __init__(self, say: Say) -> None:
        self.failures: dict[str, str] = {}
        self._say = say

    def measure(self, what: str, measuring: Callable[[], Any]) -> Any:
        self._say(f"our server alone: {what}")
        try:
            return measuring()
        except PeerFailed as error:
            self._say(f"{what}: {error}")
            self.failures[what] = str(error)
            return None


def _servers(found: list[Measured]) -> tuple[Server, ...]:
    """As they were in the first placement, with any failure of the second."""
    first, second = (placed.servers for placed in found)
    return tuple(
        replace(server, failure=server.failure or second[name].failure)
        for name, server in first.items()
    )


def _cpu_time() -> CpuTime | None:
    """CPU time until now; that of servers and generators, once they ended, is our own."""
    now, own = cpu_time(), os.times()
    return now and replace(now, own=sum(own[:4]))


def _noise(before: CpuTime | None, after: CpuTime | None) -> Noise:
    return noise_of([], before, after)
