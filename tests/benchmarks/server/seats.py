"""Those who take turns: servers and a process without HTTP, asleep until it is their turn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.rounds import PeerFailed
from benchmarks.server.contestants import ENVIRONMENTS, HERE, WORK, Contestant
from benchmarks.server.generators.closed_loop import load
from benchmarks.server.placement import Placement
from benchmarks.server.process import Process, bound, python_of
from benchmarks.server.record import Load

_FIRST_S = 1.0
"""Of a load before any is measured."""


class Seat:
    """A server in its place.

    Args:
        contestant: that serves.
        placement: where.

    Raises:
        PeerFailed: it did not start.
    """

    def __init__(self, contestant: Contestant, placement: Placement) -> None:
        self.contestant = contestant
        self._placement = placement
        log = WORK / f"{contestant.name}-{placement.name}.log"
        self.server = Process(contestant.command, placement.server, log)
        self.start_s = self.server.wait_until_ready()

    def warm_up(self, bodies: Path, connections: int) -> None:
        """A load that is not measured; then it sleeps."""
        self.turn(bodies, connections, _FIRST_S)

    def turn(self, bodies: Path, connections: int, seconds: float) -> Load:
        """One load."""
        with self.awake():
            return load(
                self.server,
                self.contestant.path,
                bodies,
                connections=connections,
                seconds=seconds,
                cores=self._placement.load,
            )

    @contextmanager
    def awake(self) -> Iterator[Process]:
        """The server, for as long as the block lasts."""
        self.server.wake()
        try:
            yield self.server
        finally:
            if self.server.process.poll() is None:
                self.server.sleep()


class InProcess:
    """The runtime without HTTP, in the environment of our server.

    Args:
        bundle: that is asked.
        texts: in turn.
        cores: it is bound to.
    """

    def __init__(self, bundle: Path, texts: Sequence[str], cores: frozenset[int]) -> None:
        file = WORK / "texts.json"
        file.write_text(json.dumps(list(texts)), encoding="utf-8")
        python = python_of(ENVIRONMENTS / "edgebert")
        self._process = subprocess.Popen(
            bound(
                cores,
                python,
                str(HERE / "apps" / "in_process.py"),
                str(bundle.absolute()),
                str(file),
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"},
        )
        self._read()
        self._process.send_signal(signal.SIGSTOP)

    def turn(self, order: str, **numbers: float) -> Load:
        """Have one order of `apps/in_process.py` carried out."""
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"order": order, **numbers}) + "\n")
        self._process.stdin.flush()
        told = self._read()
        self._process.send_signal(signal.SIGSTOP)
        runs = told["runs"]
        return Load(runs / told["wall_s"], told["p50_ms"], None, 1000 * told["cpu_s"] / runs)

    def end(self) -> None:
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerFailed("the process without HTTP ended")
        told: dict[str, float] = json.loads(line)
        return told
