"""Our server by itself: how soon it is ready, what it holds in memory, what a shadow costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.server.contestants import ours
from benchmarks.server.generators.asking import ask
from benchmarks.server.generators.outcomes import Stage, percentile, waited_ms
from benchmarks.server.placement import Placement
from benchmarks.server.plan import MOST, Plan
from benchmarks.server.record import INT8, Memory, Shadow
from benchmarks.server.seats import Seat
from benchmarks.server.texts import Asked

_SHARE = 0.1
_SHADOW_RATE = 250.0
"""Requests a second: a server with something to do, and cores to spare."""

_SLOW = 200.0
"""Requests a second that any machine answers."""

_OF_CAPACITY = 0.8


def ready(bundle: Path, placement: Placement, plan: Plan) -> tuple[float, ...]:
    """Seconds of each start, from the command until `/ready` says so.

    Raises:
        PeerFailed: it did not start.
    """
    times = []
    for _ in range(plan.starts):
        seat = Seat(ours(INT8, bundle), placement)
        times.append(seat.start_s)
        seat.server.kill()
    return tuple(times)


def memory(bundle: Path, asked: Asked, placement: Placement, plan: Plan) -> Memory:
    """What it holds after some requests of texts from a word to 60, and after many more.

    Raises:
        PeerFailed: it did not start, or the generator failed.
    """
    seat = Seat(ours(INT8, bundle), placement)
    bodies = asked.ragged.read_text(encoding="utf-8").splitlines()
    port, path = seat.server.port, seat.contestant.path
    held = []
    try:
        pace = _SLOW
        for requests in (plan.early, plan.late - plan.early):
            stages = (Stage(pace, requests / pace),)
            ask(port, path, bodies, stages, placement.load)
            held.append(seat.server.rss_bytes())
            pace = _OF_CAPACITY * seat.turn(asked.ragged, MOST, plan.turn_s).rate
            seat.server.wake()
    finally:
        seat.server.end()
    return Memory(plan.early, held[0], plan.late, held[1])


def shadow(bundles: Mapping[str, Path], asked: Asked, placement: Placement, plan: Plan) -> Shadow:
    """Two servers in turns, of which one has a reference for a tenth of the requests.

    Raises:
        PeerFailed: a server did not start, or the generator failed.
    """
    watched = ("--reference", str(bundles["fp32"].absolute()), "--shadow", str(_SHARE))
    times: dict[tuple[str, ...], list[float]] = {(): [], watched: []}
    seats: dict[tuple[str, ...], Seat] = {}
    try:
        for options in times:
            seats[options] = Seat(ours(INT8, bundles["int8"], *options), placement)
            seats[options].warm_up(asked.singles, MOST)
        for number in range(plan.shadow_rounds):
            for options in list(times)[:: 1 if number % 2 else -1]:
                times[options].append(_p50_ms(seats[options], asked, placement, plan))
    finally:
        for seat in seats.values():
            seat.server.end()
    return Shadow(_SHARE, _SHADOW_RATE, tuple(times[()]), tuple(times[watched]))


def _p50_ms(seat: Seat, asked: Asked, placement: Placement, plan: Plan) -> float:
    stages = (Stage(_SHADOW_RATE, plan.shadow_s),)
    with seat.awake() as server:
        sent = ask(server.port, seat.contestant.path, asked.bodies, stages, placement.load)
    return percentile(waited_ms(sent), 0.5)
