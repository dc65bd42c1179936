"""What a request that was queued comes to."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from edgebert.errors import InputError


@dataclass(frozen=True)
class Told:
    """An answer, and what is known of the texts that it was made of.

    Attributes:
        value: what the method of the model gives, bit for bit.
        tokens: read of each text, of each pair where pairs are read, special tokens with them;
            texts stand in the order of the arguments. Where a text is read in parts that overlap,
            those of all parts count.
        cut: of each, whether it is longer than what was read of it.
        queue_s: seconds until the first run began.
        run_s: seconds from then until the last one ended.
    """

    value: Any
    tokens: tuple[int, ...]
    cut: tuple[bool, ...]
    queue_s: float
    run_s: float


def _nothing() -> bool:
    return False


class Submitted(Future[Told]):
    """A request that is waiting or running: a future, which any asyncio loop can await, too.

    Args:
        drop: takes what has not begun from the queue; says whether the request was there.
    """

    def __init__(self, drop: Callable[[], bool] = _nothing) -> None:
        super().__init__()
        self._drop = drop
        self._process = os.getpid()

    def cancel(self) -> bool:
        """Drop what has not begun, and forget the rest; False where all is done already."""
        if not super().cancel():
            return False
        if self._drop():
            self.set_running_or_notify_cancel()
        self._forget()
        return True

    def settle(self, answer: Callable[[], Told]) -> None:
        """Give whoever waits the answer, or why there is none; nothing where it was cancelled."""
        self._forget()
        if not self.set_running_or_notify_cancel():
            return
        try:
            told = answer()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
            self.set_exception(error)
        else:
            self.set_result(told)

    def _forget(self) -> None:
        """Hold on no longer to all that was asked."""
        self._drop = _nothing

    def result(self, timeout: float | None = None) -> Told:
        """As of any future.

        Raises:
            InputError: it was submitted in the process that this one was forked from.
        """
        if self._process != os.getpid():  # where the answer comes to, and the locks are held
            raise InputError("this process was forked after these answers were asked for")
        return super().result(timeout)

    def __await__(self) -> Generator[Any, None, Told]:
        """Wait in the loop of this task; when that is cancelled, so is the request."""
        from edgebert.runtimes.queueing.awaiting import end_of  # it needs asyncio

        yield from end_of(self)
        return self.result()
