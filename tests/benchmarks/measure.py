"""All peers through all texts and requests, in alternating rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.peers import REFERENCE
from benchmarks.protocol import Request, Setting, Vectors, Way
from benchmarks.record import Latency, Throughput
from benchmarks.rounds import Turns, in_turns, minimum_and_median
from benchmarks.texts import Workload, shuffled_order
from benchmarks.work import Peak, bound_s, work_of
from benchmarks.worker import Desk, Worker

_REQUEST_ROUNDS = 5


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
    """Rounds over one text set, and the vectors of each peer."""

    workload: Workload
    turns: Turns
    vectors: dict[str, Vectors]


@dataclass(frozen=True)
class TimedRequests:
    """Rounds over one single request, and each peer's answer: float32 [384]."""

    request: Request
    threads: int
    turns: Turns
    answers: dict[str, Vectors]


def time_texts(entrants: Mapping[str, Entrant], workload: Workload, rounds: int) -> TimedTexts:
    vectors: dict[str, Vectors] = {}

    def turn(name: str) -> list[float]:
        way = entrants[name].ways[workload.name]
        order = (Desk.time_texts, workload.texts, way, workload.sort)
        seconds, vectors[name] = entrants[name].worker.ask(*order)
        return [seconds]

    turns: dict[str, Callable[[], list[float]]] = {name: partial(turn, name) for name in entrants}
    return TimedTexts(workload, in_turns(turns, rounds), vectors)


def throughput_of(
    timed: TimedTexts,
    entrants: Mapping[str, Entrant],
    *,
    lengths: Sequence[int],
    peak: Peak,
    unshuffled: TimedTexts | None,
) -> list[Throughput]:
    """Records of one text set.

    Args:
        timed: what was measured.
        entrants: the peers.
        lengths: tokens of each text.
        peak: of all cores.
        unshuffled: the same texts before they were shuffled, for a set that was.
    """
    work, found = work_of(lengths), []
    for name, times in timed.turns.times.items():
        least, middle = minimum_and_median(times)
        cosines = _cosines(timed.vectors[name], timed.vectors.get(REFERENCE))
        moved = _cosines(timed.vectors[name], _reordered(name, timed, unshuffled))
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
                neighbours_cosine_min=None if moved is None else float(moved.min()),
                peak_fraction=bound_s(work, peak, entrants[name].precision) / least,
            )
        )
    return found


def _reordered(name: str, timed: TimedTexts, unshuffled: TimedTexts | None) -> Vectors | None:
    """A peer's vectors of the unshuffled texts, in the order of the shuffled ones."""
    if unshuffled is None or unshuffled is timed or name not in unshuffled.vectors:
        return None
    order = shuffled_order(len(timed.workload.texts))
    vectors: Vectors = unshuffled.vectors[name][order]
    return vectors


def time_requests(
    entrants: Mapping[str, Entrant], request: Request, threads: int, seconds: float
) -> TimedRequests:
    """Single requests, `seconds` for each peer over all rounds."""
    answers: dict[str, Vectors] = {}

    def turn(name: str) -> list[float]:
        worker, setting = entrants[name].worker, entrants[name].settings[threads]
        if name not in answers:
            answers[name] = worker.ask(Desk.answer, request, setting)
        share = seconds / _REQUEST_ROUNDS
        times: list[float] = worker.ask(Desk.time_request, request, setting, share)
        return times

    able = [name for name in entrants if len(request.ids) <= entrants[name].longest]
    turns: dict[str, Callable[[], list[float]]] = {name: partial(turn, name) for name in able}
    return TimedRequests(request, threads, in_turns(turns, _REQUEST_ROUNDS), answers)


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
