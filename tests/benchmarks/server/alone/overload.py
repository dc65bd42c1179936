"""Twice as many requests as can be answered, between two stretches of few."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.server.contestants import ours
from benchmarks.server.generators.asking import ask
from benchmarks.server.generators.outcomes import (
    Sent,
    Stage,
    answered_between,
    counts,
    percentile,
    waited_ms,
)
from benchmarks.server.placement import Placement
from benchmarks.server.plan import MOST, Plan
from benchmarks.server.record import INT8, Overload
from benchmarks.server.seats import Seat
from benchmarks.server.texts import Asked

MAX_WAITING_TOKENS = 8192
"""Half a second of short sentences, or less: who waits longer has given up."""

_TIMES_CAPACITY = 2.0
_LIGHT = 0.25
_BACK_WITHIN_S = 1.0


def overloaded(
    bundle: Path, asked: Asked, tokens: float, placement: Placement, plan: Plan
) -> Overload:
    """Ask our server for a little, far too much, and a little.

    Args:
        bundle: that is served.
        asked: texts.
        tokens: of one on average.
        placement: of server and generator.
        plan: how long.

    Raises:
        PeerFailed: the server or the generator failed.
    """
    options = ("--max-waiting-tokens", str(MAX_WAITING_TOKENS))
    seat = Seat(ours(INT8, bundle, *options), placement)
    try:
        seat.warm_up(asked.singles, MOST)
        capacity = seat.turn(asked.singles, MOST, 2 * plan.turn_s).rate
        stages = stages_at(capacity, plan.light_s, plan.overload_s)
        path = seat.contestant.path
        with seat.awake() as server:
            sent = ask(server.port, path, asked.bodies, stages, placement.load)
    finally:
        seat.server.end()
    return told(sent, stages, capacity, tokens)


def stages_at(capacity: float, light_s: float, overload_s: float) -> tuple[Stage, Stage, Stage]:
    """A quarter of what can be answered, twice of it, a quarter."""
    light = Stage(_LIGHT * capacity, light_s)
    return light, Stage(_TIMES_CAPACITY * capacity, overload_s), light


def told(sent: Sequence[Sent], stages: Sequence[Stage], capacity: float, tokens: float) -> Overload:
    """What requests in three stages amount to.

    Args:
        sent: the requests.
        stages: light, overload, light.
        capacity: requests a second that can be answered.
        tokens: of a request on average.
    """
    light, heavy, _ = stages
    begin, end = light.seconds, light.seconds + heavy.seconds
    before, during, after = ([each for each in sent if each.stage == stage] for stage in range(3))
    back = [each for each in after if each.due_s >= end + _BACK_WITHIN_S]
    waited = waited_ms(during)
    return Overload(
        capacity=capacity,
        offered=heavy.rate,
        answered=answered_between(sent, begin, end),
        max_waiting_tokens=MAX_WAITING_TOKENS,
        drain_s=MAX_WAITING_TOKENS / (capacity * tokens),
        sent=len(sent),
        outcomes=counts(sent),
        p50_ms=percentile(waited, 0.5),
        p99_ms=percentile(waited, 0.99),
        light=light.rate,
        before_p99_ms=percentile(waited_ms(before), 0.99),
        after_p99_ms=percentile(waited_ms(back), 0.99),
    )
