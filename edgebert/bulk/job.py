"""A job as it is written down, and the folder that it fills.

job.json            what is asked, every input with its hash, and where its shards begin
.parts/             the answers of shards whose input is not answered whole yet
sub/a.jsonl         an output: it is there as soon as it is whole
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from edgebert.data.makers import MadeBy
from edgebert.data.starts import Start
from edgebert.records.codec import read_json, to_json

FORMAT = 1


@dataclass(frozen=True)
class Input:
    """A file of texts.

    Attributes:
        name: in the folder of the inputs, with slashes.
        size_bytes, sha256: of the file.
        texts: in it.
        pairs: whether they are pairs.
        output: its name in the folder of the job.
        head_bytes, offsets: see `Survey`; each offset is that of a shard.
    """

    name: str
    size_bytes: int
    sha256: str
    texts: int
    pairs: bool
    output: str
    head_bytes: int
    offsets: tuple[int, ...]


@dataclass(frozen=True)
class Job:
    """What was planned once, and is the same for every run that does a part of it.

    Attributes:
        run: all that decides what the outputs hold beside the inputs, by name, in words.
        fingerprint: of the answers.
        texts_in_a_shard: of all shards but the last of an input.
    """

    record: str
    format: int
    run: dict[str, str]
    fingerprint: str
    texts_in_a_shard: int
    inputs: tuple[Input, ...]

    @cached_property
    def sha256(self) -> str:
        """Of all of it."""
        return hashlib.sha256(to_json(self).encode()).hexdigest()


@dataclass(frozen=True)
class Shard:
    """Consecutive texts of an input.

    Attributes:
        input: number of the input.
        number: of the shard in it.
        name: of the input, for messages.
        path: of the input.
        size_bytes: that the input has.
        pairs: whether its texts are.
        start: where they begin.
        texts: how many.
        part: where the answers go; what became of them is told in a .json file beside.
    """

    input: int
    number: int
    name: str
    path: Path
    size_bytes: int
    pairs: bool
    start: Start
    texts: int
    part: Path


@dataclass(frozen=True)
class Failure:
    """A text without an answer: its number in its input, from 0, and why."""

    number: int
    why: str


@dataclass(frozen=True)
class ShardRecord:
    """What became of a shard; while there is none, it is not done.

    Attributes:
        size_bytes: of its answers.
        cut: texts of which the model read the beginning.
    """

    size_bytes: int
    cut: int
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class JobFolder:
    """Where a job is written down and its outputs go."""

    path: Path

    @property
    def job_path(self) -> Path:
        return self.path / "job.json"

    @property
    def parts(self) -> Path:
        """What is not answered whole yet; it goes when all is."""
        return self.path / ".parts"

    def parts_of(self, job: Job) -> Path:
        """Those of one job: what another has left here is never taken for it."""
        return self.parts / job.sha256[:16]

    def read(self) -> Job | None:
        """The job of this folder, if it has one.

        Raises:
            InputError: what is there is none.
        """
        return read_json(Job, self.job_path, "job") if self.job_path.exists() else None

    def output(self, input: Input) -> Path:
        return self.path / input.output

    def shards(self, job: Job, folder: Path) -> Iterator[Shard]:
        """All shards of all inputs, in order.

        Args:
            job: planned.
            folder: of the inputs.
        """
        for number in range(len(job.inputs)):
            yield from self.shards_of(job, number, folder)

    def shards_of(self, job: Job, number: int, folder: Path) -> Iterator[Shard]:
        """The shards of an input, by its number."""
        input, parts = job.inputs[number], self.parts_of(job)
        for shard, offset in enumerate(input.offsets):
            before = shard * job.texts_in_a_shard
            yield Shard(
                number,
                shard,
                input.name,
                folder / input.name,
                input.size_bytes,
                input.pairs,
                Start(before, input.head_bytes, offset),
                min(job.texts_in_a_shard, input.texts - before),
                parts / f"{number:06}-{shard:06}",
            )

    def done(self, job: Job) -> set[tuple[int, int]]:
        """The shards that have an answer in a part: number of the input, and of the shard in it."""
        names: list[str] = []
        with suppress(FileNotFoundError):  # another run has joined the last of them
            names = [path.name for path in self.parts_of(job).iterdir()]
        stems = (name.removesuffix(".json") for name in names if name.endswith(".json"))
        pairs = (stem.split("-") for stem in stems if not stem.startswith("."))
        return {(int(number), int(shard)) for number, shard in pairs}


def record_path(part: Path) -> Path:
    """Where it stands what became of a shard."""
    return part.with_name(f"{part.name}.json")


@contextmanager
def put_in_place(path: Path, parts: Path) -> Iterator[Path]:
    """Yield a path in the folder of parts that no other process knows; it becomes `path` at the end.

    What a process that is killed leaves there goes with the folder. Processes of several machines
    may write the same at once, whose numbers do not tell them apart.
    """
    making = parts / f".{uuid4().hex}"
    try:
        yield making
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def write_in_place(record: Job | ShardRecord | MadeBy, path: Path, parts: Path) -> None:
    with put_in_place(path, parts) as making:
        making.write_text(to_json(record) + "\n", encoding="utf-8")


Tell = Callable[[str], None]
"""Says something to whoever has started a run."""
