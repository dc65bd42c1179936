"""`edgebert serve` as a process: started, watched and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.emulated import ROOT

from edgebert.errors import EdgebertError

WORK = ROOT / ".cache" / "clients"
_READY_WITHIN_S = 60


@dataclass(frozen=True)
class Process:
    """A server that runs.

    Attributes:
        port: on loopback.
        process: of the command.
        log: what it says.
    """

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rss_mb(self) -> float:
        """Memory that it holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1000

    def page(self, path: str) -> str:
        """What a GET gives."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as told:
            return str(told.read().decode())

    def is_live(self) -> bool:
        return self.process.poll() is None and answers(f"{self.url}/live")

    def hang_up(self) -> None:
        """Have bundles loaded anew, and wait until that is over."""
        before = len(self.said())
        self.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + _READY_WITHIN_S
        while len(self.said()) == before and time.monotonic() < until:
            time.sleep(0.05)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def serving(bundles: Mapping[str, Path], *options: str, name: str) -> Iterator[Process]:
    """Serve bundles by their names until the block ends; then the server must end with exit 0.

    Args:
        bundles: what is served.
        options: of the command.
        name: of its log.

    Raises:
        EdgebertError: it did not start, or did not end as it should.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    running = start(bundles, *options, name=name)
    try:
        _wait_until_ready(running)
        yield running
    except BaseException:
        running.process.kill()
        running.process.wait()
        raise
    running.process.send_signal(signal.SIGTERM)
    code = running.process.wait(60)
    if code:
        raise EdgebertError(f"edgebert serve ended with {code}: {running.said()[-2000:]}")


def start(
    bundles: Mapping[str, Path], *options: str, name: str, port: int | None = None
) -> Process:
    """Start the command, and wait for nothing."""
    port, log = port or _free_port(), WORK / f"{name}.log"
    named = [f"{name}={path}" for name, path in bundles.items()]
    command = [sys.executable, "-m", "edgebert", "serve", *named, "--port", str(port), *options]
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=os.environ)
    return Process(port, process, log)


def answers(url: str) -> bool:
    """Whether a request of a page is answered by 200."""
    try:
        with urllib.request.urlopen(url, timeout=10) as told:
            return bool(told.status == 200)
    except OSError:
        return False


def _wait_until_ready(running: Process) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while not answers(f"{running.url}/ready"):
        if running.process.poll() is not None or time.monotonic() > until:
            raise EdgebertError(f"edgebert serve did not start: {running.said()[-2000:]}")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])
