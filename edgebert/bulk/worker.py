"""What answers shards: a model in a process."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from edgebert.answer_files import Columns, holds_failures, open_layout
from edgebert.answer_files.answered import CutTexts, answered_rows, refusal
from edgebert.answer_files.deciding import bundle_facts, machine_facts
from edgebert.answer_files.layouts import Layout
from edgebert.answer_files.rows import Row
from edgebert.bulk.asking import Asking
from edgebert.bulk.failures import tell_failures
from edgebert.bulk.job import Failure, Shard, ShardRecord, put_in_place, record_path, write_in_place
from edgebert.data import stream_texts
from edgebert.data.starts import PartsOfFiles
from edgebert.errors import InputError
from edgebert.output import write_errors_named
from edgebert.runtimes import Model, load
from edgebert.tasks import task_of
from edgebert.text.long_texts import TRUNCATE


@dataclass(frozen=True)
class Look:
    """What a worker says of itself.

    Attributes:
        node: the machine that it runs on.
        run: what decides its answers, by name, in words.
        columns: of the answers to single texts.
        max_length: tokens that are read of a text.
    """

    node: str
    run: dict[str, str]
    columns: Columns
    max_length: int

    def columns_for(self, *, pairs: bool) -> Columns:
        return replace(self.columns, pairs=pairs)


class Worker:
    """Answers shards, one after another.

    Args:
        asking: what is asked.
        threads: as in `edgebert.load`.
    """

    def __init__(self, asking: Asking, threads: int | None = None) -> None:
        self._asking = asking
        self._threads = threads
        self._parts = PartsOfFiles()

    def look(self) -> Look:
        """Load the bundle, after its hashes, and say what decides its answers.

        Raises:
            BundleError, InputError, ProviderError: as `edgebert.load` does; the bundle is of
                another task, or no run could promise to end with the same outputs.
        """
        asking, model = self._asking, self._model
        self._answer(iter(()))  # a bundle of another task is refused
        facts = bundle_facts(
            asking.bundle,
            provider=asking.provider,
            kernels=asking.kernels,
            repeated="shards would not give what one run gives. Answer each file by itself",
        )
        run = {
            "command": asking.command,
            **facts,
            "--text-column": "not given",
            **asking.named.named,
            **asking.told,
            "--format": asking.format,
            "--provider": asking.provider,
            **machine_facts(),
        }
        columns = Columns.of(model, self._task, asking.options, pairs=False)
        return Look(platform.node(), run, columns, model.max_length)

    def refuse_unreadable(self, paths: Iterable[Path]) -> None:
        """Look through all texts where an output has no place for one without an answer.

        Raises:
            InputError: there is one.
        """
        if holds_failures(self._file) or self._why_not(pairs=self._asking.pairs) is None:
            return
        found = []
        for path in paths:
            texts = stream_texts(path, columns=self._asking.columns_of(path))
            for number, text in enumerate(texts):
                why_not = self._why_not(pairs=not isinstance(text, str))
                if why_not is not None and (why := why_not(text)) is not None:
                    found.append((path, Failure(number, why)))
        kind = self._file.suffix
        tell_failures(found, f"Nothing was written: {kind} has no place for that, .jsonl has")

    def write(self, shard: Shard, passed: Callable[[], None] = lambda: None) -> ShardRecord:
        """Answer a shard; its part and its record are there at the end, or neither.

        Args:
            shard: the texts.
            passed: is called after each.

        Raises:
            InputError: the input was changed.
            OutputError: the part cannot be written.
        """
        _refuse_changed(shard, _size(shard.path) == shard.size_bytes)
        columns = Columns.of(self._model, self._task, self._asking.options, pairs=shard.pairs)
        layout = open_layout(self._file, columns)
        failures: list[Failure] = []
        cut = self._cut_texts()
        rows = self._rows(shard, failures)
        with write_errors_named(shard.part):
            with put_in_place(shard.part, shard.part.parent) as making:
                count, size = _append(cut.counted(rows) if cut else rows, layout, making, passed)
                _refuse_changed(shard, count == shard.texts)
            record = ShardRecord(size, cut.cut if cut else 0, tuple(failures))
            write_in_place(record, record_path(shard.part), shard.part.parent)
        return record

    def _rows(self, shard: Shard, failures: list[Failure]) -> Iterable[Row]:
        columns = self._asking.columns_of(shard.path)
        texts = self._parts.texts(shard.path, shard.start, shard.texts, columns=columns)
        return answered_rows(
            self._task,
            enumerate(texts, shard.start.texts),
            self._answer,
            self._why_not(pairs=shard.pairs),
            lambda number, why: failures.append(Failure(number, why)),
        )

    def _cut_texts(self) -> CutTexts | None:
        options = self._asking.options
        if options.get("long_text") != TRUNCATE:
            return None
        prompt = options.get("prompt")
        return CutTexts(lambda texts: self._model.truncated(texts, prompt=prompt))

    def _why_not(self, *, pairs: bool) -> Callable[[Any], str | None] | None:
        return refusal(self._model, self._asking.options, pairs=pairs)

    def _answer(self, texts: Iterable[Any]) -> Iterable[Any]:
        ask = getattr(self._model, self._task.verb)
        answers: Iterable[Any] = ask(texts, **self._asking.options)
        return answers

    @property
    def _task(self) -> Any:
        return task_of(self._asking.task)

    @property
    def _file(self) -> Path:
        """Stands for every output."""
        return Path(f"answers.{self._asking.format}")

    @cached_property
    def _model(self) -> Model:
        return load(
            self._asking.bundle,
            provider=self._asking.provider,
            threads=self._threads,
            verify=True,
            kernels=self._asking.kernels,
        )


def _append(
    rows: Iterable[Row], layout: Layout, path: Path, passed: Callable[[], None]
) -> tuple[int, int]:
    """Write what stands for rows in the middle of a file; return how many, and their bytes."""
    count = 0
    with path.open("xb") as stream:
        for row in rows:
            stream.write(layout.add(row))
            count += 1
            passed()
        stream.write(layout.settle())
        stream.flush()
        os.fsync(stream.fileno())
        return count, stream.tell()


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _refuse_changed(shard: Shard, same: bool) -> None:
    if not same:
        raise InputError(f"{shard.path} was changed since the job was planned")
