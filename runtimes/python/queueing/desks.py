"""What a caller of the queue works at: one run after the other, or steps that many share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from edgebert.runtimes.graph_runs import GraphRuns
from edgebert.runtimes.queueing.answers import rows_of_items
from edgebert.runtimes.queueing.job import Item, Job
from edgebert.runtimes.translation.translator import Translator

Runs = GraphRuns | Translator
"""What runs the items of a lane."""


class ItemDesk(Protocol):
    """Works on items in turns; used by one caller at a time."""

    @property
    def busy(self) -> bool:
        """Whether items are left that have no answer yet."""

    def tokens(self, longest: int) -> int:
        """Tokens of items that there is room for, padding included, where one has so many."""

    def turn(self, items: Sequence[Item]) -> list[tuple[Item, Any]]:
        """Take some items, and give those that are done with their rows, or why there is none."""


class RunDesk:
    """Runs what it is given as one batch."""

    busy = False

    def __init__(self, runs: GraphRuns) -> None:
        self._runs = runs

    def tokens(self, longest: int) -> int:
        return self._runs.tokens_per_run

    def turn(self, items: Sequence[Item]) -> list[tuple[Item, Any]]:
        return list(zip(items, rows_of_items(self._runs, items), strict=True))


class StepDesk:
    """Writes a token more of all items in each turn; whose request needs no answer is let go."""

    def __init__(self, translator: Translator) -> None:
        self._desk = translator.desk()
        self._jobs: set[Job] = set()

    @property
    def busy(self) -> bool:
        return self._desk.busy

    def tokens(self, longest: int) -> int:
        return self._desk.room * longest

    def turn(self, items: Sequence[Item]) -> list[tuple[Item, Any]]:
        for item in items:
            self._jobs.add(item.job)
            sentence: Any = item.encoding
            self._desk.put(item, sentence.writer())
        done = {job for job in self._jobs if job.done}
        if done:
            self._jobs -= done
            self._desk.drop(lambda item: item.job in done)
        return self._desk.turn()


def desk_of(runs: Runs) -> ItemDesk:
    """A desk for one more caller."""
    return RunDesk(runs) if isinstance(runs, GraphRuns) else StepDesk(runs)
