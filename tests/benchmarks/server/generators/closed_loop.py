"""wrk: so many connections, each of which asks again as soon as it is answered."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks.rounds import PeerFailed
from benchmarks.server.process import Process, bound
from benchmarks.server.record import Load

_SCRIPT = Path(__file__).with_name("posting.lua")
_PATIENCE = "60s"
"""How long wrk waits for an answer before it counts it as failed; its own default is two seconds."""


def load(
    server: Process,
    path: str,
    bodies: Path,
    *,
    connections: int,
    seconds: float,
    cores: frozenset[int],
) -> Load:
    """Ask again and again.

    Args:
        server: that is asked.
        path: of its route.
        bodies: a file with a JSON body a line, posted in turn.
        connections: at the same time.
        seconds: for so long; whole ones.
        cores: of the generator.

    Raises:
        PeerFailed: nothing was answered.
    """
    before = server.cpu_s()
    told = _wrk(server.url + path, bodies, connections, seconds, cores)
    cpu_s = server.cpu_s() - before
    if told["answered"] <= told["failed"]:
        raise PeerFailed(
            f"gave {connections} connections no answer within {seconds:g} s: {server.last_words()}"
        )
    return Load(
        rate=(told["answered"] - told["failed"]) / told["seconds"],
        p50_ms=told["p50_ms"],
        p99_ms=told["p99_ms"],
        cpu_ms=1000 * cpu_s / told["answered"],
        failed=int(told["failed"]),
    )


def _wrk(
    url: str, bodies: Path, connections: int, seconds: float, cores: frozenset[int]
) -> dict[str, float]:
    command = bound(
        cores, "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s",
        "--timeout", _PATIENCE, "-s", str(_SCRIPT), url, "--", str(bodies),
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = done.stdout.strip().splitlines()[-1:]
    if done.returncode or not last or not last[0].startswith("{"):
        raise PeerFailed(f"wrk failed: {(done.stderr or done.stdout).strip()[-300:]}")
    told: dict[str, float] = json.loads(last[0])
    return told
