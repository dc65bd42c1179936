"""Lines of stdin, as they come."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import RawIOBase
from queue import Empty, Queue
from threading import Thread

from edgebert.data.lines import decode_lines
from edgebert.errors import InputError

_AT_ONCE = 1024  # lines
_READ_BYTES = 1 << 16


def stdin_lines() -> Iterator[list[str]]:
    """Yield the lines that are there, as soon as one is: whoever types a line gets an answer.

    A thread reads ahead while the lines before are answered, up to a bound.

    Raises:
        InputError: a line is not UTF-8, whatever the locale; it comes after the lines before.
    """
    if sys.stdin is None:
        raise InputError("stdin is closed: there are no lines to read")
    # Not through the buffer: its lock would be held by a thread that waits when the process ends.
    stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    read: Queue[str | Exception | None] = Queue(_AT_ONCE)
    Thread(target=_read, args=(stream, read), daemon=True).start()
    end: Exception | None = None
    going = True
    while going:
        lines = []
        for item in _there(read):
            if isinstance(item, str):
                lines.append(item)
            else:
                going, end = False, item
        if lines:
            yield lines
    if end is not None:
        raise end


def _there(read: Queue[str | Exception | None]) -> Iterator[str | Exception | None]:
    """Wait for one item, and take those that are there by then."""
    yield read.get()
    for _ in range(_AT_ONCE - 1):
        try:
            yield read.get_nowait()
        except Empty:
            return


def _read(stream: RawIOBase, read: Queue[str | Exception | None]) -> None:
    """Put each line into the queue, then why there are no more: an error, or None at the end."""
    try:
        for line in decode_lines(_raw_lines(stream), "stdin"):
            read.put(line)
    except Exception as error:  # noqa: BLE001 - it is raised where the lines are taken
        read.put(error)
    else:
        read.put(None)


def _raw_lines(stream: RawIOBase) -> Iterator[bytes]:
    """Lines with their ends; a read gives what is there, and waits only where nothing is."""
    pieces: list[bytes] = []
    while chunk := stream.read(_READ_BYTES):
        piece, *more = chunk.split(b"\n")
        pieces.append(piece)
        for piece in more:
            yield b"".join(pieces) + b"\n"
            pieces = [piece]
    if rest := b"".join(pieces):
        yield rest
