"""How fast models read, to say when there will be room again."""

from __future__ import annotations

import math

_SHARE = 0.05
"""Of the newest run in the mean: some twenty runs tell, which take a tenth of a second."""

_LONGEST_S = 60


class Pace:
    """The speed of one run, as a mean in which the newest counts most.

    Args:
        callers: runs at a time.
    """

    def __init__(self, callers: int) -> None:
        self._callers = callers
        self._seconds_per_token = 0.0

    def ran(self, tokens: int, seconds: float) -> None:
        """Take a run into account; called from any thread."""
        now = seconds / max(tokens, 1)
        before = self._seconds_per_token or now
        self._seconds_per_token = before + _SHARE * (now - before)

    def seconds(self, tokens: int) -> float:
        """How long so many tokens take; 0.0 where nothing ran yet."""
        return tokens * self._seconds_per_token / self._callers

    def retry_after(self, tokens: int) -> str:
        """Whole seconds after which so many tokens are read, as a header says it."""
        return str(min(_LONGEST_S, max(1, math.ceil(self.seconds(tokens)))))
