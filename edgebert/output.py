"""Write beside and rename: a run that fails or is interrupted leaves nothing half-written."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgebert.errors import EdgebertError, OutputError

_ERROR_NUMBER = re.compile(r"(?:\[Errno |\(os error )(\d+)")  # in Python's messages, and in Rust's


def refuse_existing(path: Path, *, force: bool, source: str | Path | None = None) -> None:
    """Say no to an output that exists, before any work is done.

    Args:
        path: the output.
        force: whether it may be replaced.
        source: what it is made from, a path or a hub id.

    Raises:
        OutputError: `path` exists and `force` is not set, it is or holds the source or the working
            folder, or its parent cannot be made.
    """
    if source and Path(source).exists() and Path(source).resolve().is_relative_to(path.resolve()):
        raise OutputError(f"{path} is or holds the source, which is never replaced")
    if path.exists() and not force:
        raise OutputError(f"{path} exists. Choose another output or add --force to replace it")
    if Path.cwd().is_relative_to(path.resolve()):
        raise OutputError(f"{path} holds the working folder and cannot be replaced")
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error


def refuse_no_file(path: Path) -> None:
    """Say no to an output that is there and no file: a device or pipe would be lost by replacing it.

    Raises:
        OutputError: it is a folder, or no regular file.
    """
    if path.exists() and not path.is_file():
        kind = "a folder" if path.is_dir() else "no regular file"
        raise OutputError(f"{path} is {kind}; a file name is needed")


@contextmanager
def write_errors_named(path: Path) -> Iterator[None]:
    """Reword what the file system said, also where another library passes it on.

    Raises:
        OutputError: in place of what was raised; an error that is not about writing stays.
    """
    try:
        yield
    except EdgebertError:
        raise
    except Exception as error:  # shutil.Error, or what tokenizers and safetensors raise
        number = _ERROR_NUMBER.search(str(error))
        if number is None:
            raise
        raise OutputError(f"{path} cannot be written: {os.strerror(int(number[1]))}") from error


@contextmanager
def new_folder(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder beside `path`; it becomes `path` when the block ends well."""
    refuse_existing(path, force=force)
    try:
        target = path.resolve()  # behind a link: what it leads to is replaced, not the link
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
    try:
        with write_errors_named(path):
            yield beside
            beside.chmod(0o777 & ~_umask())
            _replace(beside, target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def new_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield a file path beside `path`; what is written there becomes `path` at the end."""
    refuse_existing(path, force=force)
    refuse_no_file(path)
    target = path.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with write_errors_named(path):
            yield beside
            beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _replace(beside: Path, path: Path) -> None:
    """Rename `beside` to `path`; an old folder steps aside first and is removed last."""
    if not path.exists():
        beside.rename(path)
        return
    aside = beside.with_name(beside.name + ".old")
    path.rename(aside)
    beside.rename(path)
    if aside.is_dir():
        shutil.rmtree(aside)
    else:
        aside.unlink()


def _umask() -> int:
    """The process's file mode mask (it can only be read by setting it)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
