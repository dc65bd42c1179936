"""The answers of all shards of an input, put together as its output."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edgebert.answer_files import Columns, open_layout
from edgebert.bulk.job import (
    Failure,
    Shard,
    ShardRecord,
    put_in_place,
    record_path,
    write_in_place,
)
from edgebert.data.makers import MadeBy, file_beside
from edgebert.errors import OutputError
from edgebert.output import write_errors_named
from edgebert.records.codec import read_json


@dataclass(frozen=True)
class Joined:
    """What became of an input.

    Attributes:
        texts: of it.
        cut: of which the model read the beginning.
        failures: texts without an answer.
    """

    texts: int
    cut: int
    failures: tuple[Failure, ...]


def join(target: Path, shards: Sequence[Shard], columns: Columns, lock: Path) -> Joined | None:
    """Make an output of its shards, which are all done, and take their parts away.

    Args:
        target: the output.
        shards: of its input, in order.
        columns: of its rows.
        lock: a file among the parts, where runs that would do it at the same time meet.

    Returns:
        None where another run has done it meanwhile.

    Raises:
        OutputError: it cannot be written, or a part is damaged.
    """
    with write_errors_named(target), _alone(lock):
        if target.exists():
            return None
        records = [read_json(ShardRecord, record_path(s.part), "record of a shard") for s in shards]
        target.parent.mkdir(parents=True, exist_ok=True)
        with put_in_place(target, lock.parent) as making:
            _put_together(target, shards, records, columns, making)
    for shard in shards:
        record_path(shard.part).unlink(missing_ok=True)  # first: it says that there is a part
        shard.part.unlink(missing_ok=True)
    failures = tuple(failure for record in records for failure in record.failures)
    return Joined(sum(s.texts for s in shards), sum(r.cut for r in records), failures)


def _put_together(
    target: Path,
    shards: Sequence[Shard],
    records: Sequence[ShardRecord],
    columns: Columns,
    result: Path,
) -> None:
    layout = open_layout(target, columns)
    spool = result.with_name(f"{result.name}.rows")
    try:
        with spool.open("xb") as stream:
            stream.write(layout.start())
            for shard, record in zip(shards, records, strict=True):
                _append(shard.part, record, stream)
            stream.flush()
            os.fsync(stream.fileno())
        layout.finish(spool, result)
    finally:
        spool.unlink(missing_ok=True)
    if layout.beside:
        made_by = MadeBy.of(layout.beside, result)
        write_in_place(made_by, file_beside(target), result.parent)


def _append(part: Path, record: ShardRecord, stream: BinaryIO) -> None:
    if not part.exists() or part.stat().st_size != record.size_bytes:
        raise OutputError(f"{part} is damaged: remove {record_path(part)}, and it is made anew")
    with part.open("rb") as answers:
        shutil.copyfileobj(answers, stream, 1 << 20)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process is in here; the system unlocks for one that dies."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows: what two processes write at once is the same
        yield
        return
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("wb") as stream:
        with suppress(OSError):  # a file system that cannot: what two processes write is the same
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
