"""The ways to answer all texts, each as processes of their own, watched from outside."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Self

from bulk.running import below, workers_below

from benchmarks.bulk.record import Way
from edgebert.errors import EdgebertError

_SECONDS_BETWEEN_LOOKS = 1.0
_KILLS = 6


class Ways:
    """Ways to answer the same texts.

    Args:
        bundle: that answers.
        texts: folder of the texts.
        work: folder of the outputs, which are taken away once they are hashed.
    """

    def __init__(self, bundle: Path, texts: Path, work: Path) -> None:
        self._bundle = bundle
        self._texts = texts
        self._work = work
        self._ray_s = 0.0

    def all(self) -> Iterator[Way]:
        """Each way, one after another."""
        cores = sorted(os.sched_getaffinity(0))[:2]
        yield self._way(
            "a process of one thread", lambda out: self._together([([], cores[:1])], out)
        )
        yield self._way("a process of two threads", lambda out: self._together([([], cores)], out))
        shares = [(["--shards", f"{n}/2"], [core]) for n, core in enumerate(cores, start=1)]
        yield self._way("two --shards of one thread", lambda out: self._together(shares, out))
        ray = self._way("--ray, two workers", lambda out: self._together([(["--ray"], cores)], out))
        self._ray_s = ray.wall_s
        yield ray
        yield self._way("--ray, killed at random", self._killed)

    def _way(self, name: str, run: Callable[[Path], int]) -> Way:
        out = self._work / "out"
        with _Watched() as watched:
            started = time.perf_counter()
            kills = run(out)
            wall_s = time.perf_counter() - started
        sha256 = _sha256(out)
        shutil.rmtree(out)
        return Way(name, wall_s, watched.memory_mb, watched.processes, kills, sha256)

    def _together(self, runs: Sequence[tuple[list[str], list[int]]], out: Path) -> int:
        """Runs side by side, each on cores of its own."""
        started = [self._start(out, more, cores) for more, cores in runs]
        for run in started:
            _ended(run)
        return 0

    def _killed(self, out: Path) -> int:
        """A run whose workers, or which itself, are killed, until all kills are spent."""
        chosen, kills = random.Random(19), 0
        run = self._start(out, ["--ray"], sorted(os.sched_getaffinity(0))[:2])
        while kills < _KILLS:
            try:
                run.wait(self._ray_s * chosen.uniform(0.1, 0.4))
                break
            except subprocess.TimeoutExpired:
                workers = workers_below(run.pid)
            if kills % 2 and workers:
                os.kill(chosen.choice(workers), signal.SIGKILL)
            else:
                run.kill()
                run.communicate()
                run = self._start(out, ["--ray"], sorted(os.sched_getaffinity(0))[:2])
            kills += 1
        _ended(run)
        return kills

    def _start(self, out: Path, more: list[str], cores: list[int]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "edgebert", "embed", self._bundle, "--input", self._texts]
        command += ["--output", out, "--format", "npy", *more]
        run = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
        os.sched_setaffinity(run.pid, cores)  # long before it looks which it has
        return run


class _Watched:
    """Looks at the memory of all processes below this one, while they run."""

    def __init__(self) -> None:
        self.memory_mb = 0.0
        self.processes = 0
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            sizes = [_own_share_mb(pid) for pid in below(os.getpid())]
            self.memory_mb = max(self.memory_mb, sum(sizes))
            self.processes = max(self.processes, len(sizes))


def _own_share_mb(pid: int) -> float:
    """Memory of a process; what it shares with others in equal parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def _ended(run: subprocess.Popen[str]) -> None:
    said = run.communicate()[1]
    if run.returncode:
        raise EdgebertError(f"a run ended with {run.returncode}: {said}")


def _sha256(folder: Path) -> str:
    """Of all outputs and their names; each has to be whole."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
