"""A thread for what nobody waits for."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable

_log = logging.getLogger("edgebert.serving")


class Background:
    """One thread.

    What waits in a bounded queue is done first, and what is done now and then where nothing waits.

    Args:
        most: how much may wait.
        now_and_then: looked at every `every_s` seconds.
        every_s: seconds.
    """

    def __init__(self, most: int, now_and_then: Callable[[], None], every_s: float) -> None:
        self._most = most
        self._now_and_then = now_and_then
        self._every_s = every_s
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._ended = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, where that was not done yet."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="edgebert-drift", daemon=True)
            self._thread.start()

    def may(self, work: Callable[[], None]) -> bool:
        """Do something in its turn; gives whether there was room for it to wait."""
        with self._changed:
            if len(self._waiting) >= self._most:
                return False
            self._waiting.append(work)
            self._changed.notify()
            return True

    def close(self) -> None:
        """End, once what is being done is; forget what waits."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended:
            try:
                self._next()()
            except Exception as error:  # noqa: BLE001 - whatever it is, the server still answers
                _log.error("what watches drift failed: %s", _without_texts(error))

    def _next(self) -> Callable[[], None]:
        with self._changed:
            self._changed.wait_for(self._has_work, self._every_s)
            return self._waiting.popleft() if self._waiting else self._now_and_then

    def _has_work(self) -> bool:
        return bool(self._ended or self._waiting)


def _without_texts(error: Exception) -> str:
    """Which error it was, and where: its message may tell of a text."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, line {place.lineno}"
