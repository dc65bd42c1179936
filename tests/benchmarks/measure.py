"""All peers through all texts and requests, in alternating rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from benchmarks.peers import REFERENCE
from benchmarks.protocol import Request, Setting, Vectors, Way
from benchmarks.record import Latency, Throughput
from benchmarks.rounds import PeerFailed, Turn, Turns, in_turns, minimum_and_median
from benchmarks.texts import Workload, shuffled_order
from benchmarks.work import Peak, bound_s, work_of
from benchmarks.worker import Desk, Worker


@dataclass(frozen=True)
class Entrant:
    """A peer that made its model and found its best configurations.

    Attributes:
        ways: for each text set, by name.
        settings: for single requests, by number of threads.
    """

    worker: Worker
    precision: str
    longest: int
    ways: Mapping[str, Way]
    settings: Mapping[int, Setting]


@dataclass(frozen=True)
class TimedTexts:
    """Rounds over one text set, and the vectors of each peer.

    Attributes:
        vectors: float32 [n, 384], in the order of the set.
        moved: the least cosine between a text's vector there and when the same texts come in
            another order.
    """

    workload: Workload
    turns: Turns = field(default_factory=Turns)
    vectors: dict[str, Vectors] = field(default_factory=dict)
    moved: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TimedRequests:
    """Rounds over one single request, and each peer's answer: float32 [384]."""

    request: Request
    threads: int
    turns: Turns = field(default_factory=Turns)
    answers: dict[str, Vectors] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """All that was measured in the same rounds."""

    texts: tuple[TimedTexts, ...]
    requests: tuple[TimedRequests, ...]


def measure(
    entrants: Mapping[str, Entrant],
    workloads: Sequence[Workload],
    requests: Sequence[Request],
    threads: Sequence[int],
    *,
    rounds: int,
    request_s: float,
    starting: Callable[[int], object],
) -> Measured:
    """Every round takes every peer through every text set and every request.

    Args:
        entrants: the peers, by name.
        workloads: the text sets.
        requests: single requests.
        threads: numbers of them, for single requests.
        rounds: how many.
        request_s: how long a peer is timed on a request and a number of threads, in all rounds.
        starting: told the number of each round before it.
    """
    texts = [TimedTexts(workload) for workload in workloads]
    asked = [TimedRequests(request, count) for count in threads for request in requests]
    turns = [_text_turns(entrants, timed) for timed in texts]
    turns += [_request_turns(entrants, timed, request_s / rounds) for timed in asked]
    taken = in_turns(dict(enumerate(turns)), rounds, starting)
    for timed in texts:
        _move(entrants, timed)
    return Measured(
        tuple(replace(timed, turns=taken[i]) for i, timed in enumerate(texts)),
        tuple(replace(timed, turns=taken[i]) for i, timed in enumerate(asked, len(texts))),
    )


def _text_turns(entrants: Mapping[str, Entrant], timed: TimedTexts) -> dict[str, Turn]:
    def turn(name: str) -> list[float]:
        way = entrants[name].ways[timed.workload.name]
        order = (Desk.time_texts, timed.workload.texts, way)
        seconds, timed.vectors[name] = entrants[name].worker.ask(*order)
        return [seconds]

    return {name: partial(turn, name) for name in entrants}


def _request_turns(
    entrants: Mapping[str, Entrant], timed: TimedRequests, seconds: float
) -> dict[str, Turn]:
    request = timed.request

    def turn(name: str) -> list[float]:
        worker, setting = entrants[name].worker, entrants[name].settings[timed.threads]
        if name not in timed.answers:
            timed.answers[name] = worker.ask(Desk.answer, request, setting)
        times: list[float] = worker.ask(Desk.time_request, request, setting, seconds)
        return times

    able = [name for name in entrants if len(request.ids) <= entrants[name].longest]
    return {name: partial(turn, name) for name in able}


def _move(entrants: Mapping[str, Entrant], timed: TimedTexts) -> None:
    """Have the texts embedded once more, in another order and as they come."""
    texts = timed.workload.texts
    order = shuffled_order(len(texts))
    for name, vectors in timed.vectors.items():
        way = replace(entrants[name].ways[timed.workload.name], sort=False)
        try:
            _, found = entrants[name].worker.ask(Desk.time_texts, [texts[i] for i in order], way)
        except PeerFailed:
            continue
        timed.moved[name] = float(row_cosines(vectors[order], found).min())


def throughput_of(
    timed: TimedTexts,
    entrants: Mapping[str, Entrant],
    *,
    lengths: Sequence[int],
    peak: Peak,
) -> list[Throughput]:
    """Records of one text set.

    Args:
        timed: what was measured.
        entrants: the peers.
        lengths: tokens of each text.
        peak: of all cores.
    """
    work, found = work_of(lengths), []
    for name, times in timed.turns.times.items():
        least, middle = minimum_and_median(times)
        cosines = _cosines(timed.vectors[name], timed.vectors.get(REFERENCE))
        found.append(
            Throughput(
                peer=name,
                texts=timed.workload.name,
                way=str(entrants[name].ways[timed.workload.name]),
                seconds=tuple(times),
                min_s=least,
                median_s=middle,
                texts_per_s=len(lengths) / least,
                cosine_mean=None if cosines is None else float(cosines.mean()),
                cosine_min=None if cosines is None else float(cosines.min()),
                neighbours_cosine_min=timed.moved.get(name),
                peak_fraction=bound_s(work, peak, entrants[name].precision) / least,
            )
        )
    return found


def latency_of(timed: TimedRequests, entrants: Mapping[str, Entrant], peak: Peak) -> list[Latency]:
    """Records of one length on one number of threads, whose peak is given."""
    length, found = len(timed.request.ids), []
    for name, times in timed.turns.times.items():
        least, middle = minimum_and_median(times)
        reference = timed.answers.get(REFERENCE)
        cosines = _cosines(
            timed.answers[name][None], None if reference is None else reference[None]
        )
        bound = bound_s(work_of([length]), peak, entrants[name].precision)
        found.append(
            Latency(
                peer=name,
                length=length,
                threads=timed.threads,
                setting=str(entrants[name].settings[timed.threads]),
                runs=len(times),
                min_ms=least,
                median_ms=middle,
                cosine=None if cosines is None else float(cosines[0]),
                peak_fraction=1e3 * bound / least,
            )
        )
    return found


def _cosines(vectors: Vectors, reference: Vectors | None) -> Vectors | None:
    return None if reference is None else row_cosines(vectors, reference)


def row_cosines(left: Vectors, right: Vectors) -> Vectors:
    """Cosine of each row of one with the same row of the other: float32 [n]."""
    products = np.einsum("ij,ij->i", left, right, dtype=np.float64)
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    cosines: Vectors = (products / norms).astype(np.float32)
    return cosines
