"""Lines of stdin, as they come."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from io import RawIOBase
from typing import Any

from edgebert.cli.texts.read_ahead import read_ahead
from edgebert.data.lines import decode_lines
from edgebert.errors import InputError

_READ_BYTES = 1 << 16


def stdin_lines() -> Iterator[list[str]]:
    """Yield the lines that are there, as soon as one is.

    Raises:
        InputError: a line is not UTF-8, whatever the locale; it comes after the lines before.
    """
    if sys.stdin is None:
        raise InputError("stdin is closed: there are no lines to read")
    # Not through the buffer: its lock would be held by a thread that waits when the process ends.
    stream: Any = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    return read_ahead(decode_lines(_raw_lines(stream), "stdin"))


def _raw_lines(stream: RawIOBase) -> Iterator[bytes]:
    """Lines with their ends; a read gives what is there, and waits only where nothing is."""
    pieces: list[bytes] = []
    for chunk in _chunks(stream):
        piece, *more = chunk.split(b"\n")
        pieces.append(piece)
        for piece in more:
            yield b"".join(pieces) + b"\n"
            pieces = [piece]
    if rest := b"".join(pieces):
        yield rest


def _chunks(stream: RawIOBase) -> Iterator[bytes]:
    while (chunk := stream.read(_READ_BYTES)) != b"":
        if chunk is None:  # nothing yet: another program has made the pipe that it shares so
            select.select([stream], [], [])
        else:
            yield chunk
