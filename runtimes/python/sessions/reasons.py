"""What an exception of onnxruntime says, in the words that a user can act on."""

from __future__ import annotations

import re

_NO_MEMORY = ("bad_alloc", "allocate memory", "out of memory")

_SOURCE = re.compile(r"/\S+\.(cc|cpp|h):\d+ .*?(\) (?=[A-Z])| was false\. )")
"""The place in onnxruntime's source that it puts before a message: file, function, condition."""

_NO_ROW = re.compile(r"idx=(\d+) must be within the inclusive range \[-\d+,(\d+)\]")


def reason_of(error: Exception) -> str:
    """The first line of an error's message, without the source code around it."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    line = _SOURCE.sub("", str(error).strip().partition("\n")[0])
    if any(words in line.lower() for words in _NO_MEMORY):
        return "not enough memory"
    if beyond := _NO_ROW.search(line):
        index, last = beyond.groups()
        return f"a token or a position is {index}, and its table of embeddings ends at {last}"
    return line or type(error).__name__
