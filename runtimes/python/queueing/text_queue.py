"""One queue of texts for all models of a process, and the threads that run what waits in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from edgebert.bounds import check_number
from edgebert.errors import ClosedError, InputError, OverloadedError
from edgebert.machine import available_cores
from edgebert.runtimes.queueing.told import Submitted, Told


class TextQueue:
    """Requests of all models that are put on it; safe to use from any thread.

    Args:
        threads: runs at a time; by default the cores that affinity and cgroup grant.
        max_waiting_tokens: how many tokens may wait; None for any number.
    """

    def __init__(
        self, threads: int | None = None, *, max_waiting_tokens: int | None = None
    ) -> None:
        if max_waiting_tokens is not None:
            check_number("max_waiting_tokens", max_waiting_tokens, 1)
        self.threads = available_cores() if threads is None else check_number("threads", threads, 1)
        self.max_waiting_tokens = max_waiting_tokens
        self.waiting_tokens = 0
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = ThreadPoolExecutor(self.threads, "edgebert-queue")

    def close(self) -> None:
        """End the threads, once runs have ended; what waits fails with ClosedError."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()

    def put(self, tokens: int, answer: Callable[[], Told]) -> Submitted:
        submitted, asked = Submitted(), time.perf_counter()
        most = self.max_waiting_tokens
        if most is not None and tokens > most:
            raise InputError(
                f"a request of about {tokens} tokens is larger than max_waiting_tokens={most}: "
                "send fewer texts at a time"
            )
        with self._lock:
            if self._pool is None:
                raise ClosedError("this queue is closed")
            if most is not None and self.waiting_tokens + tokens > most:
                raise OverloadedError(self.waiting_tokens, most)
            self.waiting_tokens += tokens
            self._pool.submit(self._run, submitted, tokens, asked, answer)
        return submitted

    def _run(
        self, submitted: Submitted, tokens: int, asked: float, answer: Callable[[], Told]
    ) -> None:
        with self._lock:
            self.waiting_tokens -= tokens
        if not submitted.set_running_or_notify_cancel():
            return
        begun = time.perf_counter()
        try:
            told = answer()
        except Exception as error:  # noqa: BLE001 - it is the future's
            submitted.set_exception(error)
        else:
            ended = time.perf_counter()
            submitted.set_result(
                Told(told.value, told.tokens, told.cut, begun - asked, ended - begun)
            )
