"""From what was timed to the rows of the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from benchmarks.rounds import Turns, minimum_and_median
from benchmarks.translation.bundles import size_of
from benchmarks.translation.speed.contestants import Contestant
from benchmarks.translation.speed.plan import Sentences
from benchmarks.translation.speed.record import (
    FIRST_TOKEN,
    SENTENCE,
    Agreement,
    Alone,
    Throughput,
)
from benchmarks.translation.speed.record import Contestant as Row
from benchmarks.translation.speed.seating import Seating
from benchmarks.translation.speed.turns import MANY, START, Event, Rounds
from edgebert.measures.bleu import METRICS, translation_scores

Taken = Mapping[Event, Turns]

_LOWER_CASE = METRICS[1]


def rows_of(contestants: Sequence[Contestant], seating: Seating, taken: Taken) -> list[Row]:
    """All contestants, also those that failed. Asks their seats, which are still open."""
    return [_row(one, seating, taken) for one in contestants]


def _row(contestant: Contestant, seating: Seating, taken: Taken) -> Row:
    row = Row(
        contestant.name,
        contestant.title,
        contestant.precision,
        contestant.ours,
        size_of(contestant.model),
        {},
        failure=seating.failures.get(contestant.name),
    )
    if row.failure:
        return row
    cores = max(event.cores for event in taken)
    openings = seating.openings(contestant.name, cores)
    starts = taken[Event(START, cores, 1)].times.get(contestant.name)
    failed = [turns.failures[row.name] for turns in taken.values() if row.name in turns.failures]
    if failed:
        return replace(row, failure=f"stopped: {failed[0]}")
    return replace(
        row,
        versions=seating.ask(openings[0], "versions", packages=contestant.packages),
        ready_s=min(starts) if starts else None,
        memory_bytes=max(seating.ask(opening, "memory") for opening in openings),
    )


def throughput_of(
    rounds: Rounds, seating: Seating, test: Sentences, taken: Taken
) -> list[Throughput]:
    return [
        _throughput(event, name, times, rounds, seating, test)
        for event, name, times in _timed(taken, MANY)
    ]


def _throughput(
    event: Event, name: str, times: list[float], rounds: Rounds, seating: Seating, test: Sentences
) -> Throughput:
    least, middle = minimum_and_median(times)
    written = rounds.written[event, name]
    tokens = test.tokens(written)
    return Throughput(
        contestant=name,
        cores=event.cores,
        beams=event.beams,
        way=str(seating.chosen[name, event.cores].many[event.beams]),
        seconds=tuple(times),
        min_s=least,
        median_s=middle,
        sentences_per_s=len(written) / least,
        tokens=tokens,
        tokens_per_s=tokens / least,
        bleu_lower_case=translation_scores(written, test.targets)[_LOWER_CASE],
    )


def alone_of(taken: Taken) -> list[Alone]:
    return [
        Alone(name, event.cores, event.beams, event.what, tuple(times), *minimum_and_median(times))
        for what in (FIRST_TOKEN, SENTENCE)
        for event, name, times in _timed(taken, what)
    ]


def agreement_of(contestants: Sequence[Contestant], rounds: Rounds) -> Agreement | None:
    """Greedy translations of the fp32 models; None where one of them did not run."""
    found = [
        written
        for one in contestants
        for (event, name), written in rounds.written.items()
        if name == one.name and one.precision == "fp32" and event.beams == 1 and event.cores == 1
    ]
    if len(found) < 2:
        return None
    ours, theirs = found[:2]
    return Agreement(len(ours), sum(a == b for a, b in zip(ours, theirs, strict=True)))


def _timed(taken: Taken, what: str) -> Iterator[tuple[Event, str, list[float]]]:
    for event, turns in taken.items():
        if event.what == what:
            for name, times in turns.times.items():
                yield event, name, times
