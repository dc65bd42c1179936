"""Shards answered by this process, whose model uses all its cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

from edgebert.bulk.asking import Asking
from edgebert.bulk.job import Shard
from edgebert.bulk.worker import Look, Worker


class LocalWorkers:
    """A single worker (see `Workers`)."""

    def __init__(self, asking: Asking) -> None:
        self._worker = Worker(asking)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...

    def look(self) -> Look:
        return self._worker.look()

    def refuse_unreadable(self, paths: Iterable[Path]) -> None:
        self._worker.refuse_unreadable(paths)

    def write(
        self, shards: Iterator[Shard], most: int, passed: Callable[[], None]
    ) -> Iterator[Shard]:
        for shard in shards:
            self._worker.write(shard, passed)
            yield shard
