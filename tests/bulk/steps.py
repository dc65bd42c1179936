"""What is tested: each step yields a sentence for whatever is not as it should be."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from bulk.running import TEXTS_IN_A_SHARD, WITHOUT_NICENESS, Run, gone, succeed
from edgebert.bulk import Asking
from edgebert.bulk.job import Shard
from edgebert.data import Columns
from edgebert.data.starts import Start
from edgebert.errors import EdgebertError
from edgebert.runtimes import load

_SIZES = {"a.txt": 11 * TEXTS_IN_A_SHARD - 3, "sub/b.jsonl": 2 * TEXTS_IN_A_SHARD, "c.parquet": 700}
_SHARDS = sum(-(-size // TEXTS_IN_A_SHARD) for size in _SIZES.values())


class Steps:
    """What has a bundle, and a folder of texts, in common.

    Args:
        bundle: of an embedding model.
        folder: is filled.
    """

    def __init__(self, bundle: Path, folder: Path) -> None:
        self._bundle = bundle
        self._folder = folder
        self._texts = folder / "texts"
        _write_texts(self._texts)
        self._whole = folder / "whole"
        succeed(*self._asking(self._whole))

    def answers(self) -> Iterator[str]:
        """`--ray` ends with the outputs of a run without it, in every format."""
        for ending in ("npy", "jsonl", "parquet"):
            outs = [self._folder / f"{ending}-{name}" for name in ("ray", "plain")]
            succeed(*self._asking(outs[0]), "--ray", "--format", ending)
            succeed(*self._asking(outs[1]), "--format", ending)
            yield from _differences(*outs)

    def worker_killed(self) -> Iterator[str]:
        """A worker that dies, while it begins or while it answers, loses nothing and is told."""
        for done in (0, 1, 5):
            out = self._folder / f"worker-{done}"
            run = Run(*self._asking(out), "--ray")
            run.until(partial(_has, run, out, done))
            os.kill(run.workers()[0], signal.SIGKILL)
            ended = run.ended()
            if ended.code or "A worker died: " not in ended.said:
                yield f"a run whose worker was killed ended with {ended.code}: {ended.said!r}"
            yield from _differences(out, self._whole)

    def driver_killed(self) -> Iterator[str]:
        """A run that is killed is gone on with, and no shard that was done is done again."""
        out = self._folder / "driver"
        run = Run(*self._asking(out), "--ray")
        run.until(lambda: len(_done(out)) >= 3)
        workers = run.workers()
        run.kill()
        run.ended()
        if not gone(workers):
            yield "workers outlive a run that was killed by more than a minute"
        done = _done(out)
        said = succeed(*self._asking(out), "--ray")
        if f"Going on after {len(done)} of {_SHARDS} shards.\n" not in said:
            yield f"{len(done)} shards were done, and the next run said: {said!r}"
        yield from _differences(out, self._whole)

    def interrupted(self) -> Iterator[str]:
        """Ctrl-C is told in a line, leaves no process, and the same command goes on."""
        out = self._folder / "interrupted"
        run = Run(*self._asking(out), "--ray")
        run.until(lambda: len(_done(out)) >= 2)
        workers = run.workers()
        run.interrupt()
        ended = run.ended()
        said = ended.said.splitlines()
        if ended.code != 130 or len(said) != 1 or not said[0].startswith("Interrupted; "):
            yield f"Ctrl-C ended with {ended.code}: {ended.said!r}"
        if not gone(workers):
            yield "workers outlive Ctrl-C by more than a minute"
        succeed(*self._asking(out), "--ray")
        yield from _differences(out, self._whole)

    def failing(self) -> Iterator[str]:
        """A shard that fails again and again is told, with the reason, and so is a cluster that is not there."""
        from edgebert.bulk.ray_workers import RayWorkers

        (self._folder / "parts").mkdir()
        path, part = self._texts / "a.txt", self._folder / "parts" / "0"
        shard = Shard(0, 4, "a.txt", path, path.stat().st_size + 1, False, Start(), 3, part)
        with RayWorkers(self._asked(), None, print) as workers:
            look = workers.look()
            told = _told(lambda: list(workers.write(iter([shard]), 1, lambda: None)))
            other = replace(look, node="b", run=look.run | {"CPU": "another"})
            differs = _told(lambda: workers._accept(other))
        reason = f"{path} was changed since the job was planned"
        if told != f"shard 5 of a.txt failed 3 times, at last: {reason}":
            yield f"a shard that failed was told as {told!r}"
        if f"b answers otherwise than {look.node}: its CPU was " not in differs:
            yield f"a node with another CPU was told as {differs!r}"
        ended = Run(*self._asking(self._folder / "nowhere"), "--ray", "127.0.0.1:1").ended()
        if ended.code != 1 or ended.said.count("\n") != 1 or "no cluster answers" not in ended.said:
            yield f"a cluster that is not there ended with {ended.code}: {ended.said!r}"

    def cluster(self) -> Iterator[str]:
        """Two runs of a share each, on a cluster that is there, at the same time."""
        out = self._folder / "cluster"
        with _Cluster() as address:
            shares = [
                Run(*self._asking(out), "--shards", f"{number}/2", "--ray", address)
                for number in (1, 2)
            ]
            for run in shares:
                ended = run.ended()
                if ended.code:
                    yield f"a share on a cluster ended with {ended.code}: {ended.said}"
            succeed(*self._asking(out), "--ray", address)
        yield from _differences(out, self._whole)

    def pipeline(self) -> Iterator[str]:
        """`RayEmbedder` in Ray Data, a core less than there are."""
        import ray
        import ray.data

        from edgebert.adapters import RayEmbedder

        os.environ |= WITHOUT_NICENESS
        ray.init("local", num_cpus=2, log_to_driver=False, include_dashboard=False)
        try:
            context = ray.data.DataContext.get_current()
            context.execution_options.preserve_order = True
            context.enable_progress_bars = False
            rows = ray.data.read_parquet(str(self._texts / "c.parquet")).map_batches(
                RayEmbedder,
                fn_constructor_args=[str(self._bundle)],
                compute=ray.data.ActorPoolStrategy(size=1),
                num_cpus=1,
                batch_size=128,
            )
            found = rows.to_pandas()
        finally:
            ray.shutdown()
        expected = load(self._bundle).embed(list(found["text"]))
        if len(found) != _SIZES["c.parquet"]:
            yield f"Ray Data gave {len(found)} rows"
        if not np.array_equal(np.stack(list(found["embedding"])), expected):
            yield "vectors of a Ray Data pipeline are not those of the model"

    def _asking(self, output: Path) -> list[str | Path]:
        return [self._bundle, "--input", self._texts, "--output", output]

    def _asked(self) -> Asking:
        options = {"prompt": None, "long_text": "truncate"}
        task = load(self._bundle).task
        return Asking(
            self._bundle, "auto", "auto", "embed", task, options, {}, False, Columns(), "npy"
        )


class _Cluster:
    """A cluster of this machine alone, as `ray start` makes it."""

    def __enter__(self) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        ray = Path(sys.executable).with_name("ray")
        flags = ["--head", "--block", f"--port={port}", "--num-cpus=2", "--disable-usage-stats"]
        more = ["--include-dashboard=false", "--object-store-memory=80000000"]
        self._process = subprocess.Popen(
            [ray, "start", *flags, *more],
            env=os.environ | WITHOUT_NICENESS,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        address = f"127.0.0.1:{port}"
        for _ in range(600):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    return address
            time.sleep(0.1)
        raise RuntimeError("ray start did not start")

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(60)


def _told(ask: Callable[[], object]) -> str:
    """What is raised; "" for nothing."""
    try:
        ask()
    except EdgebertError as error:
        return str(error)
    return ""


def _write_texts(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    words = "turn the lamp off on anna is in paris café 灯 kitchen light late meeting".split()
    chosen = random.Random(7)
    made = {
        name: [" ".join(chosen.choices(words, k=chosen.randint(1, 25))) for _ in range(count)]
        for name, count in _SIZES.items()
    }
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("\n".join(made["a.txt"]))
    rows = "".join(f'{{"text": "{text}"}}\n' for text in made["sub/b.jsonl"])
    (folder / "sub/b.jsonl").write_text(rows)
    pq.write_table(pa.table({"text": made["c.parquet"]}), folder / "c.parquet", row_group_size=300)


def _has(run: Run, output: Path, done: int) -> bool:
    """Whether a run has workers, and has done so many shards."""
    return len(_done(output)) >= done and bool(run.workers())


def _done(output: Path) -> set[str]:
    return {path.name for path in output.glob(".parts/*/*-*.json")}


def _differences(output: Path, whole: Path) -> Iterator[str]:
    """A sentence for each file that is not the same in both."""
    found, expected = _contents(output), _contents(whole)
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            yield f"{output.name}/{name} is not what a run without Ray has written"


def _contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
