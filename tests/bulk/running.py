"""Runs of the command as processes of their own, with small shards, and the processes below them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TEXTS_IN_A_SHARD = 250
WITHOUT_NICENESS = {"RAY_worker_niceness": "0"}
"""Ray's workers have a low priority by default: beside other work they would take for ever."""

_PATIENCE_SECONDS = 300.0

_SMALL_SHARDS = f"""
import edgebert.bulk.planning
edgebert.bulk.planning._TEXTS_IN_A_SHARD = {TEXTS_IN_A_SHARD}
from edgebert.cli import main
main()
"""


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    said: str


class Run:
    """A run of `edgebert embed`, in a process group of its own."""

    def __init__(self, *arguments: str | Path) -> None:
        command = [sys.executable, "-c", _SMALL_SHARDS, "embed", *map(str, arguments)]
        environment = os.environ | WITHOUT_NICENESS
        self._process = subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def ended(self) -> Ended:
        said = self._process.communicate(timeout=_PATIENCE_SECONDS)[1]
        return Ended(self._process.returncode, said)

    def until(self, so: Callable[[], bool]) -> None:
        """Wait until something is so.

        Raises:
            RuntimeError: the run has ended before.
        """
        while not so():
            if self._process.poll() is not None:
                raise RuntimeError(f"a run ended too early: {self.ended().said}")
            time.sleep(0.02)

    def workers(self) -> list[int]:
        """The processes of Ray below it that answer."""
        return workers_below(self._process.pid)

    def kill(self) -> None:
        """End it at once, without a word to what is below."""
        self._process.kill()

    def interrupt(self) -> None:
        """Ctrl-C in its terminal."""
        os.killpg(self._process.pid, signal.SIGINT)


def succeed(*arguments: str | Path) -> str:
    """Run to a good end; return what was said.

    Raises:
        RuntimeError: it ended otherwise.
    """
    ended = Run(*arguments).ended()
    if ended.code:
        raise RuntimeError(f"{' '.join(map(str, arguments))}: {ended.code}, {ended.said}")
    return ended.said


def gone(processes: Sequence[int]) -> bool:
    """Whether all of these end within a minute."""
    for _ in range(600):
        if not any(Path(f"/proc/{pid}").exists() for pid in processes):
            return True
        time.sleep(0.1)
    return False


def workers_below(process: int) -> list[int]:
    """The processes of Ray that answer, of those that a process has started."""
    return [pid for pid in below(process) if _named(pid).startswith("ray::Worker")]


def below(process: int) -> Iterator[int]:
    """The processes that a process has started, and those that they have."""
    for path in Path("/proc").glob("[0-9]*"):
        pid = int(path.name)
        if _parent(pid) == process:
            yield pid
            yield from below(pid)


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None


def _named(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
