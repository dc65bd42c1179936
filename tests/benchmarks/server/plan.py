"""How much is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.server.record import APART, TOGETHER

CONNECTIONS = (1, 8, 32, 64)
MOST = CONNECTIONS[-1]
LIST, LIST_CONNECTIONS = 32, 8
"""Texts of a longer request, and how many are asked at a time."""


@dataclass(frozen=True)
class Plan:
    """How often and how long; seconds are whole ones, as wrk wants them.

    Attributes:
        rounds: through all servers and loads, for each placement by name.
        turn_s: of one server under one load; `list_s`: under that of lists, of which slow ones
            answer few.
        starts: of the server, to see when it is ready.
        overload_s: of twice the load that can be answered; `light_s`: of few before and after.
        interrupted_s: of requests around a signal.
        early, late: requests of ragged texts after which memory is looked at.
        shadow_rounds: without and with a shadow, in turns; `shadow_s`: of each.
    """

    rounds: Mapping[str, int]
    turn_s: int
    list_s: int
    starts: int
    overload_s: float
    light_s: float
    interrupted_s: float
    early: int
    late: int
    shadow_rounds: int
    shadow_s: float


FULL = Plan(
    rounds={APART: 3, TOGETHER: 2},
    turn_s=2,
    list_s=4,
    starts=5,
    overload_s=8,
    light_s=4,
    interrupted_s=6,
    early=500,
    late=20_000,
    shadow_rounds=4,
    shadow_s=3,
)
QUICK = Plan(
    rounds={APART: 1, TOGETHER: 1},
    turn_s=1,
    list_s=3,
    starts=1,
    overload_s=2,
    light_s=2,
    interrupted_s=4,
    early=100,
    late=500,
    shadow_rounds=1,
    shadow_s=2,
)
