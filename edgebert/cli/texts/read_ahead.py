"""Items of a source that may be slow, in lists of those that are there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")

_AT_ONCE = 1024  # items


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


@dataclass(frozen=True)
class _End:
    error: Exception | None


def read_ahead(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield the items that are there, as soon as one is: whoever waits for an answer gets it.

    A thread reads ahead while the items before are answered, up to a bound. What it raises is
    raised after the items before.
    """
    read: Queue[_Item[T] | _End] = Queue(_AT_ONCE)
    Thread(target=_read, args=(items, read), daemon=True).start()
    end: _End | None = None
    while end is None:
        there: list[T] = []
        for item in _there(read):
            if isinstance(item, _Item):
                there.append(item.value)
            else:
                end = item
        if there:
            yield there
    if end.error is not None:
        raise end.error


def _there(read: Queue[_Item[T] | _End]) -> Iterator[_Item[T] | _End]:
    """Wait for one item, and take those that are there by then."""
    yield read.get()
    for _ in range(_AT_ONCE - 1):
        try:
            yield read.get_nowait()
        except Empty:
            return


def _read(items: Iterable[T], read: Queue[_Item[T] | _End]) -> None:
    """Put each item into the queue, then why there are no more."""
    try:
        for item in items:
            read.put(_Item(item))
    except Exception as error:  # noqa: BLE001 - it is raised where the items are taken
        read.put(_End(error))
    else:
        read.put(_End(None))
