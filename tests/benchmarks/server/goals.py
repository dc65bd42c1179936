"""What the server was made to reach, and whether a record shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.server.generators.outcomes import (
    ANSWERED,
    LOST,
    OVERLOADED,
    REFUSED,
    UNANSWERED,
    WORDS,
)
from benchmarks.server.plan import CONNECTIONS, LIST, LIST_CONNECTIONS, MOST
from benchmarks.server.record import (
    APART,
    FP32,
    IN_PROCESS,
    INT8,
    OPTIMUM,
    THREADS_FP32,
    THREADS_INT8,
    TOGETHER,
    TORCH,
    Interruption,
    Memory,
    Overload,
    ServerRecord,
    Shadow,
)

_PLACES = {APART: "a core each", TOGETHER: "both on two"}
READY_S = 1.5


@dataclass(frozen=True)
class Goal:
    """One of them.

    Attributes:
        what: is measured.
        wanted: in words.
        found: in words.
        reached: whether it is as wanted.
    """

    what: str
    wanted: str
    found: str
    reached: bool


def goals(record: ServerRecord) -> list[Goal]:
    """All that the record has figures for, in the order of the page."""
    found = [goal for placement in _PLACES for goal in _of_placement(record, placement)]
    if record.overload:
        found += _of_overload(record.overload)
    found += [_of_interruption(each) for each in record.interruptions]
    if record.memory:
        found.append(_of_memory(record.memory))
    if record.ready_s:
        seconds = median(record.ready_s)
        told = f"{seconds:.2f} s ({min(record.ready_s):.2f} to {max(record.ready_s):.2f})"
        found.append(Goal("ready, median start", f"<= {READY_S} s", told, seconds <= READY_S))
    if record.shadow:
        found.append(_of_shadow(record.shadow))
    return found


def _of_placement(record: ServerRecord, placement: str) -> Iterator[Goal]:
    place = _PLACES[placement]
    http = record.under(INT8, placement, 1, MOST)
    bare = record.under(IN_PROCESS, placement, 1, MOST)
    if http and bare:
        added, told = http.cpu_ms - bare.cpu_ms, f"{http.cpu_ms:.2f} less {bare.cpu_ms:.2f}"
        what = f"CPU that HTTP adds to a text at {MOST} connections, {place}"
        yield Goal(what, "<= 0.3 ms", f"{added:.2f} ms ({told})", added <= 0.3)
    lists = record.under(INT8, placement, LIST, LIST_CONNECTIONS)
    bare = record.under(IN_PROCESS, placement, LIST, LIST_CONNECTIONS)
    if lists and bare:
        yield _ratio(
            f"requests of {LIST} texts by lists in process, {place}", lists.rate / bare.rate, 0.9
        )
    for name, peer in ((INT8, THREADS_INT8), (FP32, THREADS_FP32)):
        queued = record.under(name, placement, 1, MOST)
        threads = record.under(peer, placement, 1, MOST)
        if queued and threads:
            precision = name.rpartition("-")[2]
            what = f"{precision} by a thread for each request at {MOST} connections, {place}"
            yield _ratio(what, queued.rate / threads.rate, 1.8)
    one, bare = record.under(INT8, placement, 1, 1), record.under(IN_PROCESS, placement, 1, 1)
    if one and bare:
        told = f"{one.p50_ms:.2f} ms ({bare.p50_ms:.2f} in process)"
        what = f"p50 of one connection less one thread in process, {place}"
        yield Goal(what, "<= 0.5 ms", told, one.p50_ms <= bare.p50_ms + 0.5)
    for peer, title in ((TORCH, "infinity on torch"), (OPTIMUM, "infinity on onnxruntime")):
        if ratios := _ratios(record, placement, peer):
            least = min(ratios.values())
            told = ", ".join(f"{ratio:.2f} at {number}" for number, ratio in ratios.items())
            reached = least >= 2.5 and len(ratios) == len(CONNECTIONS)
            yield Goal(f"fp32 by {title}, {place}", ">= 2.5 at all", told, reached)


def _ratios(record: ServerRecord, placement: str, peer: str) -> dict[int, float]:
    """Ours of fp32 over the peer's, for each number of connections."""
    found = {}
    for connections in CONNECTIONS:
        ours = record.under(FP32, placement, 1, connections)
        theirs = record.under(peer, placement, 1, connections)
        if ours and theirs:
            found[connections] = ours.rate / theirs.rate
    return found


def _ratio(what: str, ratio: float, wanted: float) -> Goal:
    return Goal(what, f">= {wanted}", f"{ratio:.2f}", ratio >= wanted)


def _of_overload(overload: Overload) -> Iterator[Goal]:
    offered = f"at {overload.offered / overload.capacity:.0f} x capacity ({overload.offered:.0f}/s)"
    ratio = overload.answered / overload.capacity
    yield Goal(
        f"answered {offered}",
        ">= 0.9 of capacity",
        f"{ratio:.2f} ({overload.answered:.0f} of {overload.capacity:.0f}/s)",
        ratio >= 0.9,
    )
    known = sum(overload.outcomes.get(str(each), 0) for each in (ANSWERED, OVERLOADED))
    yield Goal(
        "requests accounted for", "all by 200 or 429", _outcomes(overload.outcomes),
        known == overload.sent,
    )  # fmt: skip
    yield Goal(
        "p99 of those answered",
        f"<= 2 x the queue's {1000 * overload.drain_s:.0f} ms",
        f"{overload.p99_ms:.0f} ms",
        overload.p99_ms <= 2000 * overload.drain_s,
    )
    yield Goal(
        f"p99 of a light load ({overload.light:.0f}/s) a second after",
        f"<= 1.5 x the {overload.before_p99_ms:.1f} ms before",
        f"{overload.after_p99_ms:.1f} ms",
        overload.after_p99_ms <= 1.5 * overload.before_p99_ms,
    )


def _of_interruption(one: Interruption) -> Goal:
    lost = sum(one.outcomes.get(WORDS[each], 0) for each in (LOST, UNANSWERED))
    answered = one.outcomes.get(str(ANSWERED), 0)
    told = _outcomes(one.outcomes)
    if one.exit_code is None:
        told += "" if one.replaced else "; the bundle was not replaced"
        return Goal(
            f"{one.signal} under {one.rate:.0f}/s, another bundle", "all answered by 200", told,
            answered == one.sent and one.replaced is True,
        )  # fmt: skip
    ended = one.outcomes.get(WORDS[REFUSED], 0)
    return Goal(
        f"{one.signal} under {one.rate:.0f}/s",
        "all that came in answered by 200, exit 0",
        f"{told}; exit {one.exit_code}",
        lost == 0 and answered + ended == one.sent and one.exit_code == 0,
    )


def _of_memory(memory: Memory) -> Goal:
    ratio = memory.late_bytes / memory.early_bytes
    early, late = memory.early_bytes / 1e6, memory.late_bytes / 1e6
    return Goal(
        f"memory after {memory.late_requests:,} ragged requests",
        f"<= 1.1 x that after {memory.early_requests:,}",
        f"{ratio:.2f} ({late:.0f} by {early:.0f} MB)",
        ratio <= 1.1,
    )


def _of_shadow(shadow: Shadow) -> Goal:
    without, watched = median(shadow.without_p50_ms), median(shadow.with_p50_ms)
    ratio = watched / without
    return Goal(
        f"p50 with a shadow of {shadow.share:.0%} at {shadow.rate:.0f}/s",
        "<= 1.05 x without",
        f"{ratio:.2f} ({watched:.2f} by {without:.2f} ms)",
        ratio <= 1.05,
    )


def _outcomes(outcomes: dict[str, int]) -> str:
    return ", ".join(f"{count:,} x {name}" for name, count in outcomes.items())
