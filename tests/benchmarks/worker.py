"""Each peer in a process of its own: its threads, its crash and its settings touch no other."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.peers import load_peer
from benchmarks.protocol import Engine, Request, Setting, Sources, Vectors, Way
from benchmarks.record import Contestant
from benchmarks.rounds import PeerFailed

_PATIENCE_S = 600
_FAREWELL_S = 10
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "true",
    "OPENBLAS_NUM_THREADS": "1",  # numpy only pools here; threads of its own would be in the way
}


class Desk:
    """What happens in the peer's process. Every method is an order of `Worker`."""

    def __init__(self, name: str, sources: Sources) -> None:
        self.name = name
        self.peer = load_peer(name)
        self.sources = sources
        self.engines: dict[Setting, Engine] = {}
        self.path = sources.folder

    def introduce(self) -> Contestant:
        versions = {package: metadata.version(package) for package in self.peer.packages}
        return Contestant(self.name, self.peer.title, self.peer.precision, versions)

    def longest(self) -> int:
        return self.peer.longest

    def ways(self, cores: int) -> tuple[Way, ...]:
        return self.peer.ways(cores)

    def settings(self, threads: int) -> tuple[Setting, ...]:
        return self.peer.settings(threads)

    def make(self) -> int:
        """Write the model; returns the size of its largest file, the one with the weights."""
        self.path = self.peer.make(self.sources)
        return max(file.stat().st_size for file in self.path.rglob("*") if file.is_file())

    def time_texts(self, texts: Sequence[str], way: Way) -> tuple[float, Vectors]:
        """Seconds from texts to vectors, and the vectors."""
        engine = self._engine(way.setting)
        start = time.perf_counter()
        vectors = engine.embed(texts, way.batching, sort=way.sort)
        return time.perf_counter() - start, vectors

    def time_request(self, request: Request, setting: Setting, seconds: float) -> list[float]:
        """Milliseconds of one request, again and again for `seconds`, after one that warms up."""
        engine = self._engine(setting)
        engine.single(request)
        times: list[float] = []
        end = time.perf_counter() + seconds
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            engine.single(request)
            times.append(1e3 * (time.perf_counter() - start))
        return times

    def answer(self, request: Request, setting: Setting) -> Vectors:
        return self._engine(setting).single(request)

    def keep(self, settings: Sequence[Setting]) -> None:
        """Close all engines but these."""
        self.engines = {s: engine for s, engine in self.engines.items() if s in settings}

    def _engine(self, setting: Setting) -> Engine:
        if setting not in self.engines:
            self.engines[setting] = self.peer.open(self.sources, self.path, setting)
        return self.engines[setting]


class Worker:
    """The other end: a peer that takes orders, one at a time."""

    def __init__(self, name: str, sources: Sources) -> None:
        self.name = name
        self.log = sources.folder / f"{name}.log"
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        arguments = (theirs, name, sources, self.log)
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, order: Callable[..., Any], *arguments: Any) -> Any:
        """Have a method of `Desk` called there and return what it returns.

        Raises:
            PeerFailed: the peer raised something, ended, or did not answer.
        """
        try:
            self.connection.send((order.__name__, arguments))
            if not self.connection.poll(_PATIENCE_S):
                self.process.terminate()
                raise PeerFailed(f"no answer to '{order.__name__}' in {_PATIENCE_S} s")
            done, answer = self.connection.recv()
        except (EOFError, OSError) as error:
            self.process.join()
            raise PeerFailed(f"its process ended with {self.process.exitcode}") from error
        if not done:
            raise PeerFailed(answer)
        return answer

    def close(self) -> None:
        """Let the peer go; one that does not is ended."""
        self.connection.close()
        self.process.join(_FAREWELL_S)
        self.process.terminate()
        self.process.join()


def _serve(connection: Connection, name: str, sources: Sources, log: Path) -> None:
    """Carry out orders until the other end closes; what a peer prints goes to its log."""
    os.environ.update(_QUIET)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(output, stream)
    desk: Desk | None = None
    while True:
        try:
            order, arguments = connection.recv()
        except EOFError:
            return
        try:
            desk = desk or Desk(name, sources)
            connection.send((True, getattr(desk, order)(*arguments)))
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            connection.send((False, _one_line(error)))


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}"
