"""What an exception of onnxruntime says, in the words that a user can act on."""

from __future__ import annotations

import re

_NO_MEMORY = ("bad_alloc", "allocate memory", "out of memory")

_SOURCE = re.compile(r"/\S+\.(cc|cpp|h):\d+ .*?(\) (?=[A-Z])| was false\. )")
"""The place in onnxruntime's source that it puts before a message: file, function, condition."""


def reason_of(error: Exception) -> str:
    """The first line of an error's message, without the source code around it."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    line = _SOURCE.sub("", str(error).strip().partition("\n")[0])
    if any(words in line.lower() for words in _NO_MEMORY):
        return "not enough memory"
    return line or type(error).__name__
