"""What a request that was queued comes to."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    """An answer, and what is known of the texts that it was made of.

    Attributes:
        value: what the method of the model gives, bit for bit.
        tokens: read of each text, of each pair where pairs are read, special tokens with them;
            texts stand in the order of the arguments. A text that is read in parts that overlap
            counts all of them.
        cut: of each, whether it is longer than what was read of it.
        queue_s: seconds until the first run began.
        run_s: seconds from then until the last one ended.
    """

    value: Any
    tokens: tuple[int, ...]
    cut: tuple[bool, ...]
    queue_s: float
    run_s: float


class Submitted(Future[Told]):
    """A request that is waiting or running: a future, which any asyncio loop can await, too.

    `cancel` drops what has not begun, and so does cancelling the task that awaits it.
    """

    def __await__(self) -> Generator[Any, None, Told]:
        import asyncio

        return asyncio.wrap_future(self).__await__()
