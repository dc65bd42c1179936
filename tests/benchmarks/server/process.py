"""A server as a process: bound to cores, started, watched, put to sleep and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rounds import PeerFailed

_READY_WITHIN_S = 120
_ENDED_WITHIN_S = 60
_LOOKS_EVERY_S = 0.01
_TICKS = os.sysconf("SC_CLK_TCK")
_UNSET = ("OMP_NUM_THREADS", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
"""What a shell may have set for something else. A server takes as many threads as it has cores."""


@dataclass(frozen=True)
class Command:
    """How a server is started.

    Attributes:
        arguments: with `{port}` where its port goes.
        ready: the path of a page that is there once it answers.
        folder: it runs in.
        environment: variables beside those of this process.
    """

    arguments: tuple[str, ...]
    ready: str
    folder: Path
    environment: Mapping[str, str]


class Process:
    """A server that runs.

    Args:
        command: that starts it.
        cores: it is bound to.
        log: what it says goes there.
    """

    def __init__(self, command: Command, cores: frozenset[int], log: Path) -> None:
        self.port = _free_port()
        self.log = log
        self._ready = f"{self.url}{command.ready}"
        kept = {key: value for key, value in os.environ.items() if key not in _UNSET}
        arguments = [each.replace("{port}", str(self.port)) for each in command.arguments]
        with log.open("wb") as said:
            self._began = time.perf_counter()
            self.process = subprocess.Popen(
                bound(cores, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=command.folder,
                env=kept | dict(command.environment),
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> float:
        """Seconds from its start until it answers.

        Raises:
            PeerFailed: it ended, or took too long.
        """
        while not _answers(self._ready):
            waited = time.perf_counter() - self._began
            if self.process.poll() is not None or waited > _READY_WITHIN_S:
                self.kill()
                raise PeerFailed(f"did not start: {self.last_words()}")
            time.sleep(_LOOKS_EVERY_S)
        return time.perf_counter() - self._began

    def cpu_s(self) -> float:
        """CPU time that it took until now."""
        fields = self._of_proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def rss_bytes(self) -> int:
        """Memory that it holds now."""
        return self._memory("VmRSS")

    def peak_rss_bytes(self) -> int:
        """The most memory that it held."""
        return self._memory("VmHWM")

    def sleep(self) -> None:
        """Let it do nothing at all, so that its threads take no time of others."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> int:
        """Ask it to end as service managers do, if it runs, and return its exit code."""
        self.wake()
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.said().strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing"

    def _memory(self, key: str) -> int:
        lines = self._of_proc("status").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(key + ":"))

    def _of_proc(self, name: str) -> str:
        return Path(f"/proc/{self.process.pid}/{name}").read_text(encoding="utf-8")


def python_of(environment: Path) -> str:
    """The interpreter of a virtual environment."""
    return str(environment / "bin" / "python")


def bound(cores: Iterable[int], *command: str) -> list[str]:
    """A command that runs on these cores only."""
    return ["taskset", "-c", ",".join(map(str, sorted(cores))), *command]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as told:
            return bool(told.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
