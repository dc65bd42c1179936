"""Signals while requests come in: the end of a server, and another bundle in place of its own."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.server.contestants import WORK, ours
from benchmarks.server.generators.asking import Asking
from benchmarks.server.generators.outcomes import Sent, Stage, counts
from benchmarks.server.placement import Placement
from benchmarks.server.plan import MOST, Plan
from benchmarks.server.process import Process
from benchmarks.server.record import INT8, Interruption
from benchmarks.server.seats import Seat
from benchmarks.server.texts import Asked

_OF_CAPACITY = 0.4
_SIGNALLED_AFTER = 0.25
"""Of the time of the load."""


def ended(bundle: Path, asked: Asked, placement: Placement, plan: Plan) -> Interruption:
    """SIGTERM: every request that got a connection has to get its answer.

    Raises:
        PeerFailed: the server or the generator failed.
    """
    seat = Seat(ours(INT8, bundle, "--drain", "1"), placement)
    try:
        rate, sent = _interrupted(seat, signal.SIGTERM, asked, placement, plan)
    finally:
        code = seat.server.end()
    return _told("SIGTERM", rate, sent, exit_code=code)


def swapped(
    bundles: Mapping[str, Path], asked: Asked, placement: Placement, plan: Plan
) -> Interruption:
    """SIGHUP after fp32 took the place of int8 on disk: every request has to be answered.

    Raises:
        PeerFailed: the server or the generator failed.
    """
    served = WORK / "served"
    _point(served, bundles["int8"])
    seat = Seat(ours(INT8, served), placement)
    try:
        before = _sha256(seat.server)
        _point(served, bundles["fp32"])
        rate, sent = _interrupted(seat, signal.SIGHUP, asked, placement, plan)
        with seat.awake() as server:
            replaced = _sha256(server) != before
    finally:
        seat.server.end()
    return _told("SIGHUP", rate, sent, replaced=replaced)


def _interrupted(
    seat: Seat, number: signal.Signals, asked: Asked, placement: Placement, plan: Plan
) -> tuple[float, list[Sent]]:
    """The rate of requests, and what came of them."""
    seat.warm_up(asked.singles, MOST)
    rate = _OF_CAPACITY * seat.turn(asked.singles, MOST, plan.turn_s).rate
    stages = (Stage(rate, plan.interrupted_s),)
    with seat.awake() as server:
        asking = Asking(server.port, seat.contestant.path, asked.bodies, stages, placement.load)
        time.sleep(_SIGNALLED_AFTER * plan.interrupted_s)
        server.process.send_signal(number)
        return rate, asking.outcomes()


def _told(
    name: str,
    rate: float,
    sent: Sequence[Sent],
    *,
    exit_code: int | None = None,
    replaced: bool | None = None,
) -> Interruption:
    again = sum(each.again for each in sent)
    return Interruption(name, rate, len(sent), counts(sent), again, exit_code, replaced)


def _point(link: Path, bundle: Path) -> None:
    """Have a name on disk mean another bundle, in one step."""
    beside = link.with_name(f"{link.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(bundle.absolute())
    beside.replace(link)


def _sha256(server: Process) -> str:
    """Of the bundle that answers."""
    with urllib.request.urlopen(f"{server.url}/info", timeout=10) as told:
        return str(json.load(told)["models"][0]["sha256"])
