"""The open-loop generator, as a process on cores of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence

from devices.emulated import ROOT

from benchmarks.rounds import PeerFailed
from benchmarks.server.contestants import ENVIRONMENTS
from benchmarks.server.generators.outcomes import Sent, Stage
from benchmarks.server.process import bound, python_of


class Asking:
    """Requests that are being sent.

    Args:
        port: of this machine.
        path: of the route.
        bodies: posted in turn.
        stages: at which pace.
        cores: of the generator.
    """

    def __init__(
        self,
        port: int,
        path: str,
        bodies: Sequence[str],
        stages: Sequence[Stage],
        cores: frozenset[int],
    ) -> None:
        # in the server's environment, which has uvloop
        python = python_of(ENVIRONMENTS / "edgebert")
        self._process = subprocess.Popen(
            bound(cores, python, "-m", "benchmarks.server.generators.open_loop"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        )
        plan = {
            "port": port, "path": path, "bodies": list(bodies),
            "stages": [(stage.rate, stage.seconds) for stage in stages],
        }  # fmt: skip
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(plan) + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()  # it has begun

    def outcomes(self) -> list[Sent]:
        """What came of each request, in the order of their ends.

        Raises:
            PeerFailed: the generator failed.
        """
        told, said = self._process.communicate()
        if self._process.returncode:
            raise PeerFailed(f"the generator failed: {said.strip()[-300:]}")
        return [Sent(*json.loads(line)) for line in told.splitlines()]


def ask(
    port: int,
    path: str,
    bodies: Sequence[str],
    stages: Sequence[Stage],
    cores: frozenset[int],
) -> list[Sent]:
    """Send requests, and wait for what comes of them; arguments as of `Asking`."""
    return Asking(port, path, bodies, stages, cores).outcomes()
