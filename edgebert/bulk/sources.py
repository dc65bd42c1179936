"""Which files a job reads, and what its outputs are called."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edgebert.data.rows import TABLES, TAGGED, file_kind
from edgebert.errors import InputError, OutputError

FORMATS = ("jsonl", "csv", "npy", "parquet")
"""Endings of outputs."""

_READ = ("txt", "json", *TABLES, *TAGGED)
_PASSED_OVER = (".", "_")  # as programs name what is not for others: .DS_Store, _SUCCESS


@dataclass(frozen=True)
class Source:
    """Files of texts.

    Attributes:
        folder: that their names begin in.
        names: of the files, with slashes, sorted.
    """

    folder: Path
    names: tuple[str, ...]

    def path(self, name: str) -> Path:
        return self.folder / name


def is_several(given: Path) -> bool:
    """Whether what was given stands for any number of files: a folder, or a pattern."""
    return given.is_dir() or (glob.has_magic(str(given)) and not given.exists())


def find_source(given: Path, output: Path) -> Source:
    """Find the files of a folder or of a pattern, or the one file that was given.

    Of a folder all files are meant, also of those in it, but those whose name, or folder's name,
    begins with a dot or an underscore.

    Raises:
        InputError: there is none, or one that cannot be read as texts.
        OutputError: the output would hold its inputs, or lie among them.
    """
    if given.is_dir():
        folder, found = given, sorted(_files_in(given))
        if output.resolve().is_relative_to(given.resolve()):
            raise OutputError(f"{output} lies in {given}, whose files are read: choose another")
    elif is_several(given):
        folder, found = _unmagical(given), sorted(_matches(given, output))
    else:
        folder, found = given.parent, [given]
    if not found:
        what = "holds no file of texts" if given.is_dir() else "matches no file"
        raise InputError(f"{given} {what}")
    if folder.resolve().is_relative_to(output.resolve()):
        raise OutputError(f"{output} is or holds the folder of the inputs: choose another")
    for path in found:
        _refuse(path, given)
    return Source(folder, tuple(path.relative_to(folder).as_posix() for path in found))


def output_names(names: Iterable[str], ending: str) -> dict[str, str]:
    """The name of each input's output: the same with another ending.

    Raises:
        InputError: two inputs would have one output, or an output would lie where shards do.
    """
    inputs: dict[str, str] = {}
    for name in names:
        path = PurePosixPath(name.removesuffix(".gz")).with_suffix(f".{ending}")
        other = inputs.setdefault(str(path), name)
        if other != name:
            raise InputError(f"{other} and {name} would both be answered in {path}: run them apart")
    return {name: output for output, name in inputs.items()}


def _files_in(folder: Path) -> Iterator[Path]:
    """All files below a folder; behind links too, but no folder twice."""
    seen = set()
    for at, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        if (real := os.path.realpath(at)) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith(_PASSED_OVER)]
        yield from (Path(at, name) for name in files if not name.startswith(_PASSED_OVER))


def _raise(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read: {error.strerror}") from error


def _matches(pattern: Path, output: Path) -> Iterator[Path]:
    """The files that a pattern names; not those that an earlier run has written."""
    written = output.resolve()
    for name in glob.iglob(str(pattern), recursive=True):  # noqa: PTH207 - without hidden files
        path = Path(name)
        if not path.is_dir() and not path.resolve().is_relative_to(written):
            yield path


def _unmagical(pattern: Path) -> Path:
    """The folder above the first part of a pattern that stands for several names."""
    return next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))


def _refuse(path: Path, given: Path) -> None:
    if not path.is_file():
        why = "is no regular file" if path.exists() else "cannot be read: there is no such file"
        raise InputError(f"{path} {why}")
    if file_kind(path) not in _READ:
        raise InputError(
            f"{path}: expected a .txt, .tsv, .csv, .jsonl, .parquet, .conll or .json file"
            + (f"; choose by a pattern, as --input '{given}/**/*.txt'" if given.is_dir() else "")
        )
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{str(path)!r}: the name of this file is not UTF-8") from error
