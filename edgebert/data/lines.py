"""Lines of a text file, one at a time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BufferedIOBase
from pathlib import Path

from edgebert.errors import InputError
from edgebert.git_lfs import refuse_pointer

RawLines = Callable[[BufferedIOBase], Iterable[bytes]]
"""Takes the bytes of a file and gives its lines with their ends."""

_READ_BYTES = 1 << 16


def read_lines(path: Path) -> list[str]:
    """All lines of a file (see `stream_lines`)."""
    return list(stream_lines(path))


def stream_lines(path: Path, raw: RawLines = iter) -> Iterator[str]:
    """Yield the lines of a UTF-8 file, gzipped or not, one at a time, without their line ends.

    Only line feeds end a line: text may hold other characters that `str.splitlines` breaks at.
    A gzipped file is read through once before its first line, so that damage is told first.

    Args:
        path: the file.
        raw: takes its lines from its bytes; by default all of them.

    Raises:
        InputError: the file cannot be read, or is not UTF-8 (the message says at which line).
    """
    refuse_pointer(path)
    try:
        if path.suffix == ".gz" and path.is_file():
            _read_through(path)
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            yield from decode_lines(raw(stream), str(path))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}") from error


def decode_lines(raw_lines: Iterable[bytes], source: str) -> Iterator[str]:
    """Text of the lines of `source`, without their ends, nor a byte order mark before the first.

    Raises:
        InputError: a line is not UTF-8.
    """
    for number, raw in enumerate(raw_lines, start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{source}, line {number}: this is not UTF-8 text") from error
        if line or raw.endswith(b"\n"):  # else it was a byte order mark and nothing more
            yield line[:-2] if line.endswith("\r\n") else line.removesuffix("\n")


def _read_through(path: Path) -> None:
    with gzip.open(path) as stream:
        while stream.read(_READ_BYTES):
            pass
