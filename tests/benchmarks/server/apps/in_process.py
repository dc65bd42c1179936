"""`python in_process.py BUNDLE TEXTS`: what the runtime does without HTTP, asked by lines of JSON.

Each line names an order below, with its numbers; a line of JSON tells texts, seconds, CPU seconds and the
milliseconds of the middle one. It knows nothing but edgebert, so that it runs in the server's environment.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from edgebert.runtimes import load


class Desk:
    """Every method but the first is an order.

    Args:
        bundle: that is asked.
        texts: in turn.
    """

    def __init__(self, bundle: Path, texts: list[str]) -> None:
        self._texts = cycle(texts)
        self._alone = load(bundle)
        self._one_thread = load(bundle, threads=1)
        self._shared = load(bundle, sharing="server")

    def callers(self, callers: int, seconds: float) -> list[float]:
        """So many tasks of one event loop, each with one text after the other, through the queue."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self._callers(callers, seconds))

    async def _callers(self, callers: int, seconds: float) -> list[float]:
        end, times = time.perf_counter() + seconds, list[float]()

        async def one() -> None:
            while (begin := time.perf_counter()) < end:
                await self._shared.aembed([next(self._texts)])
                times.append(time.perf_counter() - begin)

        await asyncio.gather(*(one() for _ in range(callers)))
        return times

    def lists(self, size: int, seconds: float) -> list[float]:
        """One list after the other, as the runtime is loaded for a process of its own."""
        return list(self._timed(lambda: self._alone.embed(self._next(size)), seconds))

    def alone(self, seconds: float) -> list[float]:
        """One text after the other, on one thread."""
        return list(self._timed(lambda: self._one_thread.embed(self._next(1)), seconds))

    def _next(self, size: int) -> list[str]:
        return [next(self._texts) for _ in range(size)]

    def _timed(self, call: Callable[[], Any], seconds: float) -> Iterator[float]:
        end = time.perf_counter() + seconds
        while (begin := time.perf_counter()) < end:
            call()
            yield time.perf_counter() - begin


def main() -> None:
    """Carry out orders until there are none."""
    bundle, texts = sys.argv[1:]
    desk = Desk(Path(bundle), json.loads(Path(texts).read_text(encoding="utf-8")))
    print("{}", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        cpu, wall = time.process_time(), time.perf_counter()
        times = getattr(desk, order.pop("order"))(**order)
        told = {
            "runs": len(times),
            "wall_s": time.perf_counter() - wall,
            "cpu_s": time.process_time() - cpu,
            "p50_ms": 1000 * median(times),
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
