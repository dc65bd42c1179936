"""All servers under all loads, in alternating rounds."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.rounds import PeerFailed, Turn, in_turns
from benchmarks.server.contestants import Contestant
from benchmarks.server.placement import Placement
from benchmarks.server.plan import CONNECTIONS, LIST, LIST_CONNECTIONS, MOST, Plan
from benchmarks.server.record import IN_PROCESS, Load, Loads, Server
from benchmarks.server.seats import InProcess, Seat
from benchmarks.server.texts import Asked, body_of
from edgebert.measures.similarity import cosines

Vectors = npt.NDArray[np.float32]
Say = Callable[[str], None]

COMPARED = 64
"""Texts whose vectors are compared, the first ones."""
_EVENTS = (*((1, connections) for connections in CONNECTIONS), (LIST, LIST_CONNECTIONS))
"""Texts of a request, and connections."""


@dataclass(frozen=True)
class Measured:
    """What came of a placement: servers by name, and loads."""

    servers: dict[str, Server] = field(default_factory=dict)
    loads: list[Loads] = field(default_factory=list)


def measured(
    entered: Sequence[Contestant],
    bundle: Path,
    asked: Asked,
    wanted: Vectors,
    placement: Placement,
    plan: Plan,
    say: Say,
) -> Measured:
    """Start all servers in a placement, and let them take turns.

    Args:
        entered: the servers.
        bundle: int8, which is asked without HTTP too.
        asked: texts.
        wanted: vectors of the first of them, by fp32.
        placement: where.
        plan: how much.
        say: told what happens.
    """
    found = Measured({each.name: each.introduced() for each in entered})
    with ExitStack() as stack:
        seats = list(_seated(entered, placement, asked, wanted, found, stack, say))
        without_http = InProcess(bundle, asked.short, placement.server)
        stack.callback(without_http.end)
        _take_turns(seats, without_http, asked, placement, plan, found, say)
        for seat in seats:
            server = found.servers[seat.contestant.name]
            if seat.server.process.poll() is None:
                held = seat.server.peak_rss_bytes()
                found.servers[server.name] = replace(server, rss_bytes=held)
    return found


def _seated(
    entered: Sequence[Contestant],
    placement: Placement,
    asked: Asked,
    wanted: Vectors,
    found: Measured,
    stack: ExitStack,
    say: Say,
) -> Iterator[Seat]:
    """Those that start; what they have to show for it goes into `found`."""
    for contestant in entered:
        server = found.servers[contestant.name]
        try:
            with _started(contestant, placement, stack) as seat:
                least = _least_cosine(seat, asked, wanted)
                seat.warm_up(asked.singles, MOST)
        except PeerFailed as error:
            found.servers[server.name] = replace(server, failure=str(error))
            say(f"{server.title} {error}")
            continue
        say(f"{server.title}: ready after {seat.start_s:.1f} s")
        found.servers[server.name] = replace(server, start_s=seat.start_s, cosine_min=least)
        yield seat


@contextmanager
def _started(contestant: Contestant, placement: Placement, stack: ExitStack) -> Iterator[Seat]:
    seat = Seat(contestant, placement)
    stack.callback(seat.server.end)
    yield seat


def _least_cosine(seat: Seat, asked: Asked, wanted: Vectors) -> float:
    """Least cosine of what it answers to what fp32 does."""
    request = urllib.request.Request(
        seat.server.url + seat.contestant.path,
        body_of(asked.short[: len(wanted)]).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = json.load(answer)
    vectors = told.get("embeddings") or [each["embedding"] for each in told["data"]]
    return float(cosines(np.asarray(vectors, np.float32), wanted).min())


def _take_turns(
    seats: Sequence[Seat],
    without_http: InProcess,
    asked: Asked,
    placement: Placement,
    plan: Plan,
    found: Measured,
    say: Say,
) -> None:
    kept: dict[tuple[str, int, int], list[Load]] = {}
    events: dict[tuple[int, int], Mapping[str, Turn]] = {}
    for texts, connections in _EVENTS:
        bodies, seconds = (asked.singles, plan.turn_s) if texts == 1 else (asked.lists, plan.list_s)
        loading: dict[str, Callable[[], Load]] = {
            seat.contestant.name: partial(seat.turn, bodies, connections, seconds) for seat in seats
        }
        loading |= _turn_without_http(without_http, texts, connections, seconds)
        events[texts, connections] = {
            name: partial(_kept, turn, kept.setdefault((name, texts, connections), []))
            for name, turn in loading.items()
        }
    rounds = plan.rounds[placement.name]
    taken = in_turns(
        events,
        rounds,
        lambda number: say(f"{placement.title}: round {number + 1} of {rounds}"),
    )
    for turns in taken.values():
        for name, failure in turns.failures.items():
            if name in found.servers:
                found.servers[name] = replace(found.servers[name], failure=failure)
    found.loads.extend(
        Loads(name, placement.name, texts, connections, tuple(loads))
        for (name, texts, connections), loads in kept.items()
        if loads
    )


def _turn_without_http(
    process: InProcess, texts: int, connections: int, seconds: float
) -> dict[str, Callable[[], Load]]:
    """The same work without HTTP: a text at a time on one thread, many callers, or lists."""
    if texts > 1:
        return {IN_PROCESS: partial(process.turn, "lists", size=texts, seconds=seconds)}
    if connections == 1:
        return {IN_PROCESS: partial(process.turn, "alone", seconds=seconds)}
    order = partial(process.turn, "callers", callers=connections, seconds=seconds)
    return {IN_PROCESS: order}


def _kept(turn: Callable[[], Load], rounds: list[Load]) -> list[float]:
    rounds.append(load := turn())
    return [load.rate]
