"""Shards answered on a Ray cluster: a task for each, by workers of one thread and one core each."""

from __future__ import annotations

import io
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import ray
from ray.exceptions import RayError, RayTaskError

from edgebert.answer_files.deciding import differences
from edgebert.bulk.asking import Asking
from edgebert.bulk.job import Shard, Tell
from edgebert.bulk.worker import Look, Worker
from edgebert.errors import EdgebertError, OutputError
from edgebert.machine import available_cores

_TRIES = 3
_PATIENCE_SECONDS = 30.0
_CONNECTION_SECONDS = 10.0
_LEAST_STORE_BYTES = 80_000_000  # nothing goes through Ray's store, which takes no less
_LOCAL = "local"


@dataclass(frozen=True)
class _Running:
    """What an actor is at.

    Attributes:
        actor: that is.
        shard: None while it begins.
    """

    actor: Any
    shard: Shard | None


class RayWorkers:
    """An actor for each core of a cluster (see `Workers`).

    Ray starts no actor anew and no task again: whatever dies is replaced here, and its shard given
    to the next that is free, so that a shard that fails again and again can be told.

    Args:
        asking: what is asked, of a bundle under the same path on every node.
        address: of the cluster; by default what RAY_ADDRESS says, else one of this machine alone.
        tell: is told when the run waits for a core.
    """

    def __init__(self, asking: Asking, address: str | None, tell: Tell) -> None:
        self._asking = replace(asking, bundle=asking.bundle.absolute())
        self._address = address or os.environ.get("RAY_ADDRESS") or _LOCAL
        self._tell = tell
        self._running: dict[Any, _Running] = {}
        self._idle: list[Any] = []
        self._look: Look | None = None
        self._told_waiting = False
        self._stack = ExitStack()
        self._failed: Counter[Shard | None] = Counter()

    def __enter__(self) -> Self:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        own: dict[str, Any] = {}
        if self._address == _LOCAL:
            own = {"num_cpus": available_cores(), "object_store_memory": _LEAST_STORE_BYTES}
            own["include_dashboard"] = False
        _refuse_unreachable(self._address)
        try:
            ray.init(self._address, log_to_driver=False, logging_level="ERROR", **own)
        except (ConnectionError, RayError, ValueError, RuntimeError) as error:
            raise OutputError(f"--ray {self._address}: {_first_line(error)}") from error
        self._stack.enter_context(redirect_stdout(io.StringIO()))  # Ray prints there what dies
        return self

    def __exit__(self, *error: object) -> None:
        for actor in [*self._idle, *(running.actor for running in self._running.values())]:
            _kill(actor)
        ray.shutdown()
        self._stack.close()

    def look(self) -> Look:
        self._begin_worker()
        while self._look is None:
            self._wait()
        return self._look

    def refuse_unreadable(self, paths: Iterable[Path]) -> None:
        try:
            ray.get(self._idle[0].refuse_unreadable.remote([path.absolute() for path in paths]))
        except RayTaskError as error:
            raise _cause(error) from error
        except RayError as error:
            raise OutputError(f"A worker died: {_first_line(error)}") from error

    def write(
        self, shards: Iterator[Shard], most: int, passed: Callable[[], None]
    ) -> Iterator[Shard]:
        cores = int(ray.cluster_resources().get("CPU", 1))
        for _ in range(min(cores, most) - len(self._idle)):
            self._begin_worker()
        again: list[Shard] = []
        while True:
            while self._idle and (shard := again.pop() if again else next(shards, None)):
                self._give(self._idle.pop(), shard)
            if not any(running.shard for running in self._running.values()) and self._idle:
                return
            shard, done = self._wait()
            if shard is not None and done:
                yield shard
            elif shard is not None:
                again.append(shard)

    def _begin_worker(self) -> None:
        actor = ray.remote(num_cpus=1, max_restarts=0)(Worker).remote(self._asking, threads=1)
        self._running[actor.look.remote()] = _Running(actor, None)

    def _give(self, actor: Any, shard: Shard) -> None:
        there = replace(shard, path=shard.path.absolute(), part=shard.part.absolute())
        self._running[actor.write.remote(there)] = _Running(actor, shard)

    def _wait(self) -> tuple[Shard | None, bool]:
        """Wait until a worker has begun or ended something.

        Returns:
            The shard that it was at, if any, and whether it is done.
        """
        ready, _ = ray.wait(list(self._running), timeout=_PATIENCE_SECONDS)
        if not ready:
            self._tell_waiting()
            return None, False
        running = self._running.pop(ready[0])
        try:
            result = ray.get(ready[0])
        except RayTaskError as error:
            if running.shard is None:
                raise _cause(error) from error
            self._idle.append(running.actor)
            self._note_failure(running.shard, _cause(error))
            return running.shard, False
        except RayError as error:  # it died, or cannot be reached
            self._replace(running, _first_line(error))
            return running.shard, False
        self._idle.append(running.actor)
        if running.shard is None:
            self._accept(result)
        return running.shard, True

    def _replace(self, running: _Running, why: str) -> None:
        _kill(running.actor)  # it may be there still, and hold a core
        self._note_failure(running.shard, OutputError(why))
        self._tell(f"A worker died: {why} Another takes its place.")
        self._begin_worker()

    def _accept(self, look: Look) -> None:
        """Take a worker that has begun.

        Raises:
            OutputError: it would answer otherwise than the first.
        """
        first = self._look = self._look or look
        if told := "; ".join(differences(first.run, look.run)):
            raise OutputError(f"{look.node} answers otherwise than {first.node}: {told}")
        del self._failed[None]  # what is counted is how many begin badly in a row

    def _note_failure(self, shard: Shard | None, why: EdgebertError) -> None:
        """Count a failure.

        Raises:
            OutputError: it is one too many.
        """
        self._failed[shard] += 1
        if self._failed[shard] < _TRIES:
            return
        what = f"shard {shard.number + 1} of {shard.name}" if shard else "a worker's start"
        raise OutputError(f"{what} failed {_TRIES} times, at last: {why}") from why

    def _tell_waiting(self) -> None:
        """Say once that no worker could begin yet."""
        if self._look is None and not self._told_waiting:
            self._tell("Waiting for a free core of the Ray cluster.")
            self._told_waiting = True


def _refuse_unreachable(address: str) -> None:
    """Ask for a connection: Ray itself asks for minutes, and writes of it.

    Raises:
        OutputError: at this host and port nobody answers.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit() or "/" in host:
        return
    try:
        socket.create_connection((host, int(port)), _CONNECTION_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise OutputError(f"--ray {address}: no cluster answers there ({error})") from error


def _kill(actor: Any) -> None:
    with suppress(RayError):  # of a cluster that has gone
        ray.kill(actor)


def _cause(error: RayTaskError) -> EdgebertError:
    """What was raised in a worker; a line of it where it was nothing of ours."""
    cause = error.cause
    return cause if isinstance(cause, EdgebertError) else OutputError(_first_line(cause))


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
