"""Runs that outlive their process: killed, they go on where they stopped.

While `v.jsonl` is in the making, a folder `v.jsonl.part` stands beside it:

    answers         the bytes written so far
    journal.json    what the run is made of, and how much of `answers` is safe
    finished        the whole file, for the moment before it takes its place

The bytes reach the disk before the journal says that they are safe, and the journal is replaced in
one step: whenever the process ends, `answers` can be cut back to what the journal says.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from edgebert.answer_files.deciding import differences
from edgebert.answer_files.layouts import Layout
from edgebert.answer_files.rows import Row
from edgebert.data.makers import write_beside
from edgebert.errors import OutputError
from edgebert.output import refuse_existing, refuse_no_file, write_errors_named
from edgebert.records.codec import read_json, write_json

FORMAT = 1
_JOURNAL = "journal.json"
_SECONDS_BETWEEN_SAFE_POINTS = 1.0


@dataclass(frozen=True)
class Journal:
    """How far a run has come.

    Attributes:
        run: all that decides what the file will hold, each by its name, in words.
        texts: how many are answered.
        size_bytes: of the answers to them.
    """

    format: int
    run: dict[str, str]
    texts: int = 0
    size_bytes: int = 0


class ResumedFile:
    """A file of answers that goes on where an earlier run stopped. Made by `resumed_file`.

    Attributes:
        texts: how many were answered before.
        whole: whether all are, and the file is in its place.
    """

    def __init__(self, path: Path, folder: Path, journal: Journal, *, whole: bool) -> None:
        self.whole = whole
        self._path = path
        self._journal = journal
        self._answers, self._finished = folder / "answers", folder / "finished"
        self._journal_path = folder / _JOURNAL

    @property
    def texts(self) -> int:
        return self._journal.texts

    def write(self, rows: Iterable[Row], layout: Layout) -> None:
        """Append the rows that are missing; the file takes its place when all are there.

        Args:
            rows: of the texts after the first `texts`.
            layout: of the file.
        """
        if self._answers.exists() or not self._finished.exists():
            with self._answers.open("r+b" if self.texts else "wb") as stream:
                self._append(stream, rows, layout)
            layout.finish(self._answers, self._finished)
        write_beside(self._path, layout.beside, self._finished)
        self._finished.replace(self._path)
        self.whole = True

    def _append(self, stream: BinaryIO, rows: Iterable[Row], layout: Layout) -> None:
        if self.texts:
            stream.truncate(self._journal.size_bytes)
            stream.seek(0, os.SEEK_END)
        else:
            stream.write(layout.start())
        texts, settled = self.texts, time.monotonic()
        for row in rows:
            stream.write(layout.add(row))
            texts += 1
            if time.monotonic() - settled >= _SECONDS_BETWEEN_SAFE_POINTS:
                self._settle(stream, layout, texts)
                settled = time.monotonic()
        self._settle(stream, layout, texts)

    def _settle(self, stream: BinaryIO, layout: Layout, texts: int) -> None:
        stream.write(layout.settle())
        stream.flush()
        os.fsync(stream.fileno())
        journal = replace(self._journal, texts=texts, size_bytes=stream.tell())
        write_json(journal, self._journal_path)


@contextmanager
def resumed_file(path: Path, run: dict[str, str], *, force: bool = False) -> Iterator[ResumedFile]:
    """Open a file of answers that a run may have left unfinished.

    A block that fails keeps the answers up to the last safe point, and says so.

    Args:
        path: the file.
        run: all that decides what it will hold, each by its name, in words.
        force: whether a file that is there already may be replaced.

    Raises:
        OutputError: what is there is of another run (the message says what differs), or another
            process is at it; `path` exists and `force` is not set, or cannot be written.
    """
    target = path.resolve() if path.is_symlink() else path
    folder = target.with_name(f"{target.name}.part")
    with write_errors_named(path), _alone_in(folder):
        file = _open(target, folder, run, force=force)
        try:
            with write_errors_named(path):
                yield file
        except (OutputError, KeyboardInterrupt) as error:
            safe = 0 if file.whole else _safe_texts(folder)
            if not safe:
                raise
            kept = f"the answers to {safe:,} texts are kept in {folder}"
            told = f"{str(error) or 'Interrupted'}; {kept}; the same command goes on with them"
            raise type(error)(told) from error
        finally:
            if file.whole or not _safe_texts(folder):
                _empty(folder)


def _safe_texts(folder: Path) -> int:
    """How many texts the journal says are answered, whatever its process was just about to do."""
    journal = folder / _JOURNAL
    return _read(journal).texts if journal.exists() else 0


def _read(journal: Path) -> Journal:
    return read_json(Journal, journal, "journal of an unfinished run")


def _open(target: Path, folder: Path, run: dict[str, str], *, force: bool) -> ResumedFile:
    """Look at what an earlier run left in `folder`, and refuse what cannot be gone on with."""
    left = {entry.name for entry in folder.iterdir()}
    journal = Journal(FORMAT, run)
    if _JOURNAL in left:
        earlier = _read(folder / _JOURNAL)
        if left & {"answers", "finished"}:
            _refuse_other_run(folder, earlier, run)
            journal = earlier
        elif earlier.run == run and target.exists():  # it ended between its last two steps
            return ResumedFile(target, folder, earlier, whole=True)
    elif left and "answers" not in left:
        raise OutputError(f"{folder} is in the way: it holds no unfinished run")
    refuse_existing(target, force=force)
    refuse_no_file(target)
    return ResumedFile(target, folder, journal, whole=False)


def _empty(folder: Path) -> None:
    """Remove what is in a folder, the journal last: until then a whole file is known as such."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name == _JOURNAL):
        entry.unlink(missing_ok=True)


def _refuse_other_run(folder: Path, journal: Journal, run: dict[str, str]) -> None:
    anew = f"or remove {folder} to begin anew"
    if journal.format != FORMAT:
        raise OutputError(f"{folder} is of another edgebert; finish it with that, {anew}")
    if told := "; ".join(differences(journal.run, run)):
        raise OutputError(f"{folder} is of another run: {told}. Give the same again, {anew}")
    answers = folder / "answers"
    if answers.exists() and answers.stat().st_size < journal.size_bytes:
        raise OutputError(f"{folder} is damaged: bytes of its answers are missing; remove it")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Make and lock a folder; the lock goes with the process, and the folder too if it is empty."""
    with _locked(folder):
        try:
            yield
        finally:
            with suppress(OSError):
                folder.rmdir()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows, which has no locks on folders
        folder.mkdir(parents=True, exist_ok=True)
        yield
        return
    descriptor, free = _made_and_opened(folder), False
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A run that ended meanwhile has taken the folder away: then this is a lock on nothing.
            free = os.path.samestat(folder.stat(), os.fstat(descriptor))
        if not free:
            raise OutputError(f"{folder} is in use by another run")
        yield
    finally:
        os.close(descriptor)


def _made_and_opened(folder: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another run has removed it at once
            return os.open(folder, os.O_RDONLY)
