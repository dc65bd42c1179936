"""Texts in, their rows of the graph's output out: in order, in little memory, on all cores.

Texts come in windows. Those of a window are sorted by length, cut into micro-batches and run by
several callers, the longest first, while the next window is read; no window waits for the end of
the one before. A text that stands in a window twice is computed once. None of it changes an answer.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

import tokenizers

from edgebert.arrays import Array
from edgebert.errors import InputError
from edgebert.runtimes.batches import MicroBatch, micro_batches
from edgebert.runtimes.graph_runs import GraphRuns, Rows
from edgebert.runtimes.readings import Encode
from edgebert.runtimes.windows import Window, distinct
from edgebert.text.long_texts import Answered

T = TypeVar("T")

_AHEAD = 2
"""Windows that are worked on at a time."""

FEWEST_TOKENS = 64
"""Where few texts come at once, the callers share them down to so many tokens a micro-batch."""


class Scheduler:
    """Runs windows of texts.

    Args:
        runs: of the graph.
    """

    def __init__(self, runs: GraphRuns) -> None:
        self._runs = runs

    def answers(self, windows: Iterator[Window[T]], encode: Encode[T]) -> Iterator[Answered[T]]:
        """The answers to all texts of the windows, in order."""
        working: deque[_Working[T]] = deque()
        try:
            for window in windows:
                working.append(self._begin(window, encode, alone=not working and not window.full))
                while len(working) >= _AHEAD or (working and not window.full):
                    yield from self._finish(working[0])
                    working.popleft()
            for left in working:
                yield from self._finish(left)
        finally:
            for left in working:
                left.cancel()

    def _begin(self, window: Window[T], encode: Encode[T], *, alone: bool) -> _Working[T]:
        texts, places = distinct(window.texts)
        encodings = encode(texts)
        batches = self._batches(encodings)
        work = _Working(window.texts, places, encodings, batches)
        if alone and len(batches) == 1:
            work.runs.append(_done(self._runs.now(batches[0])))
        else:
            work.runs += map(self._runs.submit, batches)
        return work

    def _batches(self, encodings: Sequence[tokenizers.Encoding]) -> list[MicroBatch]:
        """Micro-batches, the longest first, and enough of them for every caller."""
        tokens = sum(map(len, encodings))
        share = max(FEWEST_TOKENS, -(-tokens // self._runs.callers))
        budget = min(self._runs.tokens_per_run, share)
        batches = list(micro_batches(encodings, self._runs.input_spec, tokens_per_run=budget))
        return batches[::-1]

    def _finish(self, work: _Working[T]) -> Iterator[Answered[T]]:
        run_of = {place: run for run, batch in enumerate(work.batches) for place in batch.positions}
        rows: dict[int, Array] = {}
        for text, place in zip(work.texts, work.places, strict=True):
            if place not in rows:
                if work.process != os.getpid():
                    raise InputError("this process was forked after these answers were asked for")
                rows.update(work.runs[run_of[place]].result())
            yield Answered(text, work.encodings[place], rows[place])


@dataclass
class _Working(Generic[T]):
    """A window whose micro-batches run.

    Attributes:
        texts: all of the window.
        places: of each text among the distinct ones.
        encodings: of the distinct texts.
        batches: of the encodings.
        runs: of each batch the rows of its texts.
        process: that runs them.
    """

    texts: Sequence[T]
    places: Sequence[int]
    encodings: Sequence[tokenizers.Encoding]
    batches: list[MicroBatch]

    def __post_init__(self) -> None:
        self.runs: list[Future[Rows]] = []
        self.process = os.getpid()

    def cancel(self) -> None:
        if self.process == os.getpid():  # else the locks of the runs may be held for ever
            for run in self.runs:
                run.cancel()


def _done(rows: Rows) -> Future[Rows]:
    future: Future[Rows] = Future()
    future.set_result(rows)
    return future
