"""Memory of this process, and how it grows under texts of ever-changing lengths."""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic

from edgebert.latency.models import LoadedModel
from edgebert.records.timed import RaggedMemory

_CALLS = 64  # of one to eight texts
_SECONDS = 3.0
_WORDS = (
    "the", "lamp", "in", "the", "kitchen", "was", "not", "on",
    "please", "turn", "it", "off", "and", "tell", "anna", "that",
)  # fmt: skip


def ragged_memory(model: LoadedModel, max_length: int) -> RaggedMemory | None:
    """Answer texts of many lengths, for some seconds at most; None where memory is not told.

    The first quarter of them, the longest included, fills what buffers there are; growth counts
    from there.
    """
    loaded = resident_mb()
    if loaded is None:
        return None
    calls = ragged_texts(max_length)
    texts = _answer(model, [next(calls) for _ in range(_CALLS // 4)], _SECONDS / 4)
    warm = resident_mb()
    texts += _answer(model, calls, _SECONDS * 3 / 4)
    end, peak = resident_mb(), peak_mb()
    if warm is None or end is None or peak is None:
        return None
    return RaggedMemory(texts, loaded, warm, end, end - warm, peak)


def ragged_texts(max_length: int) -> Iterator[list[str]]:
    """The same lists of texts in every run: the longest ones first, then any lengths."""
    yield [_text(max_length)] * 8
    draw = random.Random(0)
    for _ in range(_CALLS - 1):
        # as many short texts as long ones, as people write them
        sizes = [max_length ** draw.random() for _ in range(draw.randint(1, 8))]
        yield [_text(math.ceil(size)) for size in sizes]


def _text(words: int) -> str:
    return " ".join(_WORDS[i % len(_WORDS)] for i in range(words))


def _answer(model: LoadedModel, calls: Iterable[list[str]], seconds: float) -> int:
    """How many texts were answered in the time."""
    end, answered = monotonic() + seconds, 0
    for texts in calls:
        model.on_texts(texts)()
        answered += len(texts)
        if monotonic() > end:
            break
    return answered


def resident_mb() -> float | None:
    """The memory this process holds now, in 10^6 bytes, where Linux tells."""
    return _from_status("VmRSS")


def peak_mb() -> float | None:
    """The most memory this process ever held, in 10^6 bytes."""
    if peak := _from_status("VmHWM"):  # ru_maxrss there also counts who started this process
        return peak
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _from_status(key: str) -> float | None:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(rf"{key}:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else None
