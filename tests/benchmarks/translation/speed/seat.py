"""`python -m benchmarks.translation.speed.seat ENGINE`: a translator in a process of its own.

Orders come on stdin and answers go to stdout, a line of JSON each. Runs in any environment that has
the engine, and needs nothing else.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from benchmarks.translation.speed.engines.engine import Engine, Opens, Options

_ENGINES = "benchmarks.translation.speed.engines"
_STATUS = Path("/proc/self/status")


class Desk:
    """What happens in the process. Every method is an order."""

    def __init__(self, engine: str) -> None:
        self._module = cast(Opens, importlib.import_module(f"{_ENGINES}.{engine}"))
        self._engine: Engine | None = None
        self._texts: tuple[str, ...] = ()

    def open(self, model: str, options: Options) -> float:
        """Seconds of loading."""
        began = time.perf_counter()
        self._engine = self._module.open_engine(Path(model), options)
        return time.perf_counter() - began

    def keep(self, texts: Sequence[str]) -> None:
        """Remember the texts that later orders are of."""
        self._texts = tuple(texts)

    def translate(self, beams: int, options: Options) -> tuple[float, list[str]]:
        """Seconds from all texts to their translations, and these."""
        began = time.perf_counter()
        written = self._translate(self._texts, beams, None, options)
        return time.perf_counter() - began, written

    def alone(self, count: int, beams: int, longest: int | None, options: Options) -> list[float]:
        """Milliseconds from each of the first texts by itself to its translation."""
        times = []
        for text in self._texts[:count]:
            began = time.perf_counter()
            self._translate((text,), beams, longest, options)
            times.append(1e3 * (time.perf_counter() - began))
        return times

    def memory(self) -> int:
        """The most that the process ever held, in bytes."""
        if _STATUS.exists():  # what getrusage tells begins with what the parent held
            lines = _STATUS.read_text(encoding="utf-8").splitlines()
            return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def versions(self, packages: Sequence[str]) -> dict[str, str]:
        return {package: metadata.version(package) for package in packages}

    def _translate(
        self, texts: Sequence[str], beams: int, longest: int | None, options: Options
    ) -> list[str]:
        assert self._engine is not None, "open comes first"
        return self._engine.translate(texts, beams=beams, longest=longest, options=options)


def main() -> None:
    """Carry out orders until stdin ends; what an engine prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    desk = None
    for line in sys.stdin:
        try:
            desk = desk or Desk(sys.argv[1])
            answer = _carried_out(desk, json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever an engine raises is its result
            first = str(error).strip().splitlines() or [""]
            answer = {"failure": f"{type(error).__name__}: {first[0]}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _carried_out(desk: Desk, order: Mapping[str, Any]) -> dict[str, Any]:
    return {"answer": getattr(desk, order["order"])(**order["arguments"])}


if __name__ == "__main__":
    main()
