"""Requests that are awaited in a loop of asyncio, which is woken once for all that end together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

Waiter = asyncio.Future[None]


class Mailbox:
    """Tells the tasks of one loop that what they wait for has ended.

    Args:
        loop: of the tasks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call = loop.call_soon_threadsafe
        self._ended: deque[Waiter] = deque()
        self._called = False

    def put(self, waiter: Waiter, _submitted: object) -> None:
        """Have a task told, from any thread."""
        self._ended.append(waiter)
        if not self._called:
            self._called = True
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                self._call(self._tell)

    def _tell(self) -> None:
        self._called = False  # first: what is put from now on calls again
        while self._ended:
            waiter = self._ended.popleft()
            if not waiter.done():
                waiter.set_result(None)


_MAILBOXES: WeakKeyDictionary[asyncio.AbstractEventLoop, Mailbox] = WeakKeyDictionary()


def end_of(submitted: Future[Any]) -> Generator[Any, None, None]:
    """Wait until a request has ended; cancel it when the task that waits is cancelled.

    Raises:
        asyncio.CancelledError: either was cancelled.
    """
    if not submitted.done():
        yield from _wait(submitted)
    if submitted.cancelled():
        raise asyncio.CancelledError


def _wait(submitted: Future[Any]) -> Generator[Any, None, None]:
    loop = asyncio.get_running_loop()
    mailbox = _MAILBOXES.get(loop)
    if mailbox is None:
        mailbox = _MAILBOXES[loop] = Mailbox(loop)
    waiter: Waiter = loop.create_future()
    submitted.add_done_callback(partial(mailbox.put, waiter))
    try:
        yield from waiter
    except asyncio.CancelledError:
        submitted.cancel()
        raise
