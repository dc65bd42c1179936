"""What came of requests that were sent at their time, and what that amounts to."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ANSWERED = 200
OVERLOADED = 429
REFUSED = 0
"""In place of a status: nobody listened, so that a client knows that nothing was begun."""

LOST = -1
"""The connection ended with the request on it."""

UNANSWERED = -2
"""No answer came while the generator waited."""

WORDS = {REFUSED: "no connection", LOST: "lost", UNANSWERED: "unanswered"}


@dataclass(frozen=True)
class Stage:
    """Requests at an even pace: so many a second, for so long."""

    rate: float
    seconds: float


@dataclass(frozen=True)
class Sent:
    """A request.

    Attributes:
        stage: in which it was sent, by number.
        due_s: when, from the start of the first.
        waited_s: from then to its answer.
        status: of HTTP, or one of those above.
        again: whether it was sent on another connection, as its first was closed unused.
    """

    stage: int
    due_s: float
    waited_s: float
    status: int
    again: bool


def counts(sent: Iterable[Sent]) -> dict[str, int]:
    """How many ended in each way: statuses, or words where there is none; the most first."""
    told = Counter(WORDS.get(each.status, str(each.status)) for each in sent)
    return dict(told.most_common())


def waited_ms(sent: Iterable[Sent], status: int = ANSWERED) -> list[float]:
    """Milliseconds of those that ended so, the shortest first."""
    return sorted(1000 * each.waited_s for each in sent if each.status == status)


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share of them does not pass; nan of none."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def answered_between(sent: Iterable[Sent], begin_s: float, end_s: float) -> float:
    """Answers a second in a span of time."""
    ended = (each.due_s + each.waited_s for each in sent if each.status == ANSWERED)
    return sum(begin_s <= at < end_s for at in ended) / (end_s - begin_s)
