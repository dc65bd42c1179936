"""From a run to those who asked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from edgebert.runtimes.graph_runs import GraphRuns
from edgebert.runtimes.queueing.job import Item, Job
from edgebert.runtimes.queueing.told import Told


def rows_of_items(runs: GraphRuns, items: Sequence[Item]) -> list[Any]:
    """The row of each item, or why there is none: of a run that failed each request runs again."""
    try:
        return list(runs.together([item.encoding for item in items]))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
        apart = [list(some) for _, some in groupby(items, key=lambda item: id(item.job))]
        if len(apart) == 1:
            return [error] * len(items)
        return [row for some in apart for row in rows_of_items(runs, some)]


def was_read(item: Item, failed: dict[Job, Exception]) -> bool:
    """Make the answer for a text, unless its request needs none; say whether it was made."""
    if item.job.done or item.job in failed:
        return False
    try:
        item.texts.read(item.slot)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told to who asked
        failed[item.job] = error
        return False
    return True


def tell(job: Job) -> None:
    """Give who asked the answer."""
    submitted, job.submitted = job.submitted, None
    if submitted is not None:
        submitted.settle(job.told)


def raised(error: Exception) -> Told:
    raise error
