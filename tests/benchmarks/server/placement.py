"""Which cores a server has, and which the load that it gets."""

from __future__ import annotations

import os
from dataclasses import dataclass

from benchmarks.server.record import APART, TOGETHER
from edgebert.errors import InputError


@dataclass(frozen=True)
class Placement:
    """Cores by number.

    Attributes:
        name: in the record.
        title: in the page.
        server: cores of the server.
        load: cores of what sends requests to it.
    """

    name: str
    title: str
    server: frozenset[int]
    load: frozenset[int]


def placements(cores: frozenset[int] | None = None) -> tuple[Placement, Placement]:
    """A core each for server and load, and both on the same two.

    Args:
        cores: those that may be used; by default what this process is granted.

    Raises:
        InputError: there is one core only, or the system binds no process to a core.
    """
    if cores is None:
        if not hasattr(os, "sched_getaffinity"):
            raise InputError("servers are bound to cores, which this system does not do: use Linux")
        cores = frozenset(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise InputError("a server and its load need a core each: there is one here")
    first, second = sorted(cores)[:2]
    both = frozenset((first, second))
    return (
        Placement(
            APART,
            "one core for the server, another for the load",
            both - {second},
            both - {first},
        ),
        Placement(TOGETHER, "two cores for both", both, both),
    )
