"""How fast models read, to say when there will be room again."""

from __future__ import annotations

import math
import time

_SHARE = 0.05
"""Of the newest run in the mean: some twenty runs tell, which take a tenth of a second."""

_STEEPEST = 4
"""Times the mean that a run counts at most: a process that was stopped, or a machine that slept, has not
become slow by that. What really has shows in each of the runs that follow."""

_LONGEST_S = 60


class Pace:
    """The time that a token takes while there is always one more, as a mean of the newest runs."""

    def __init__(self) -> None:
        self._seconds_per_token = 0.0
        self._last: float | None = None

    def ran(self, tokens: int, *, busy: bool) -> None:
        """Take a run into account, from any thread.

        Args:
            tokens: that it read.
            busy: whether more wait: only then the time between two runs is that of reading.
        """
        now = time.perf_counter()
        last, self._last = self._last, now if busy else None
        if last is not None:
            this = max(0.0, now - last) / max(tokens, 1)
            before = self._seconds_per_token or this
            self._seconds_per_token = before + _SHARE * (min(this, _STEEPEST * before) - before)

    def begin(self) -> None:
        """Take nothing of the time until now for that of reading: nobody waited."""
        self._last = None

    def seconds(self, tokens: int) -> float:
        """How long so many tokens take; 0.0 where no more than one run ever waited."""
        return tokens * self._seconds_per_token

    def retry_after(self, tokens: int) -> str:
        """Whole seconds after which so many tokens are read, as a header says it."""
        return str(min(_LONGEST_S, max(1, math.ceil(self.seconds(tokens)))))
