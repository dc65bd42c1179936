"""From a peer's name to one that is ready for the rounds, or to the reason why it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from benchmarks.measure import Entrant
from benchmarks.protocol import Request, Sources
from benchmarks.record import Contestant, Trial
from benchmarks.rounds import PeerFailed
from benchmarks.sweep import best_setting, best_way
from benchmarks.texts import Workload
from benchmarks.worker import Desk, Worker


@dataclass(frozen=True)
class Entry:
    """A peer's name in the record, what its sweep found, and itself where it can run."""

    contestant: Contestant
    entrant: Entrant | None
    trials: tuple[Trial, ...] = ()


def enter(
    name: str,
    sources: Sources,
    samples: Sequence[Workload],
    requests: Sequence[Request],
    threads: Sequence[int],
) -> Entry:
    """Make a peer's model and find its best configurations.

    Args:
        name: one of `PEERS`.
        sources: what its model is made from.
        samples: a part of each text set, to sweep on.
        requests: single requests to sweep on.
        threads: numbers of threads for single requests; the last is the budget.
    """
    precision = "int8" if "int8" in name.split("_") else "fp32"
    contestant = Contestant(name, name.replace("_", " "), precision, {})
    worker = Worker(name, sources)
    try:
        contestant = worker.ask(Desk.introduce)
        contestant = replace(contestant, size_bytes=worker.ask(Desk.make))
        entrant, trials = _swept(worker, contestant, samples, requests, threads)
    except PeerFailed as error:
        worker.close()
        return Entry(replace(contestant, failure=f"did not run: {error}"), None)
    return Entry(contestant, entrant, trials)


def _swept(
    worker: Worker,
    contestant: Contestant,
    samples: Sequence[Workload],
    requests: Sequence[Request],
    threads: Sequence[int],
) -> tuple[Entrant, tuple[Trial, ...]]:
    found = {one.name: best_way(worker, one, threads[-1]) for one in samples}
    alone = {n: best_setting(worker, requests, n) for n in threads}
    ways = {name: way for name, (way, _) in found.items()}
    settings = {n: setting for n, (setting, _) in alone.items()}
    worker.ask(Desk.keep, [*(way.setting for way in ways.values()), *settings.values()])
    trials = chain.from_iterable(each for _, each in (*found.values(), *alone.values()))
    longest = worker.ask(Desk.longest)
    return Entrant(worker, contestant.precision, longest, ways, settings), tuple(trials)
