"""Seats from outside: processes that are started, bound to cores, asked and closed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from benchmarks.rounds import PeerFailed
from benchmarks.server.process import bound

_TESTS = Path(__file__).parents[3]
_FAREWELL_S = 30
_UNSET = ("OMP_NUM_THREADS", "TOKENIZERS_PARALLELISM")
"""What a shell may have set for something else."""


@dataclass(frozen=True)
class Opening:
    """How a seat's translator is opened.

    Attributes:
        python: interpreter of the environment that has the engine.
        engine: a module of `engines`.
        model: its folder.
        cores: how many the process is bound to.
        options: see `Engine`.
        environment: variables that its own documentation offers.
    """

    python: Path
    engine: str
    model: Path
    cores: int
    options: Mapping[str, str | int] = field(hash=False)
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        told = {**self.environment, **self.options}
        return ", ".join(f"{name}={value}" for name, value in told.items())


class Seat:
    """A process with a translator.

    Attributes:
        load_s: seconds of loading the model, of a process that has its packages.
        ready_s: seconds from the start of the process until the model was loaded.

    Args:
        opening: what it opens.
        texts: that orders are of.
        log: what it prints goes there.

    Raises:
        PeerFailed: it cannot be opened.
    """

    def __init__(self, opening: Opening, texts: tuple[str, ...], log: Path) -> None:
        self.opening = opening
        kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
        began = time.perf_counter()
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                bound(
                    _cores(opening.cores),
                    str(opening.python),
                    "-m",
                    "benchmarks.translation.speed.seat",
                    opening.engine,
                ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env={**kept, **opening.environment, "PYTHONPATH": str(_TESTS)},
                text=True,
            )
        try:
            self.load_s: float = self.ask(
                "open", model=str(opening.model), options=dict(opening.options)
            )
            self.ready_s = time.perf_counter() - began
            self.ask("keep", texts=texts)
        except PeerFailed:
            self.close()
            raise

    def ask(self, order: str, **arguments: Any) -> Any:
        """What a method of `seat.Desk` returns.

        Raises:
            PeerFailed: it raised something, or ended.
        """
        self._process.send_signal(signal.SIGCONT)
        send, receive = self._process.stdin, self._process.stdout
        assert send is not None and receive is not None
        try:
            send.write(json.dumps({"order": order, "arguments": arguments}) + "\n")
            send.flush()
            line = receive.readline()
        except OSError:
            line = ""
        if not line:
            raise PeerFailed(f"its process ended with {self._process.wait()}")
        told = cast(dict[str, Any], json.loads(line))
        if "failure" in told:
            raise PeerFailed(told["failure"])
        return told["answer"]

    def sleep(self) -> None:
        """Let it take no time of others until it is asked again."""
        self._process.send_signal(signal.SIGSTOP)

    def close(self) -> None:
        """Let it go; one that does not is ended."""
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def _cores(count: int) -> frozenset[int]:
    granted = sorted(os.sched_getaffinity(0))
    return frozenset(granted[:count])
