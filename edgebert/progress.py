"""Progress bars: shown on a terminal, silent in a pipe."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

T = TypeVar("T")


def track(
    steps: Iterable[T],
    label: str,
    length: int | None = None,
    tell: Callable[[], str] | None = None,
) -> Iterator[T]:
    """Yield `steps` one by one and show on stderr how far they are.

    Args:
        steps: what is worked through.
        label: a few words in front of the bar.
        length: how many there are, where `steps` cannot say it.
        tell: a few words behind it, asked for after each step.
    """
    shown = sys.stderr.isatty() and os.environ.get("RANK", "0") == "0"  # one of several
    with click.progressbar(
        steps,
        length=length,
        label=f"{label:<28}",
        file=sys.stderr,
        hidden=not shown,
        item_show_func=lambda item: None if item is None or tell is None else tell(),
    ) as bar:
        yield from bar


class Bar:
    """How far work has come that others do too."""

    def __init__(self, bar: Any, done: Callable[[], int]) -> None:
        self._bar = bar
        self._done = done
        self._looked = -math.inf

    def step(self) -> None:
        """Go on by one."""
        self._bar.update(1)

    def look_around(self) -> None:
        """Go on to what is done, by whomever; not more than once a second."""
        if self._bar.hidden or time.monotonic() - self._looked < 1:
            return
        self._looked = time.monotonic()
        self._bar.update(max(0, self._done() - self._bar.pos))


@contextmanager
def counted(label: str, length: int, done: Callable[[], int]) -> Iterator[Bar]:
    """Show on stderr how much of `length` is done.

    Args:
        label: a few words in front of the bar.
        length: how much there is to do.
        done: looks how much is, by whomever.
    """
    with click.progressbar(
        length=length, label=f"{label:<28}", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as shown:
        bar = Bar(shown, done)
        bar.look_around()
        yield bar
