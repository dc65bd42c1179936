"""The whole benchmark: make, sweep, measure, record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import tokenizers

from benchmarks.entering import Entry, enter
from benchmarks.measure import Measured, latency_of, measure, throughput_of
from benchmarks.noise import cpu_time_of_all, noise_of_rounds
from benchmarks.peak import measure_peaks, peak_of
from benchmarks.protocol import MAX_LENGTH, Request, Sources
from benchmarks.record import Contestant, PeersRecord, TextSet
from benchmarks.texts import Amounts, Workload, make_request, open_tokenizer

Say = Callable[[str], None]

_SWEPT_LENGTHS = (32, 128)


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        amounts: texts of each set.
        sample: tokens of the texts of a set that the sweep uses.
        rounds: through everything, text sets and single requests.
        lengths: tokens of single requests.
        request_s: how long each peer is timed on each length and number of threads.
    """

    amounts: Amounts
    sample: int
    rounds: int
    lengths: tuple[int, ...]
    request_s: float


FULL = Plan(
    Amounts(short=2758, abstracts=150, mixed=160),
    sample=4000,
    rounds=6,
    lengths=(16, 32, 128, 512),
    request_s=1.2,
)
QUICK = Plan(
    Amounts(short=96, abstracts=8, mixed=16), sample=300, rounds=2, lengths=(16, 128), request_s=0.1
)


def run_benchmark(
    peers: Sequence[str],
    sources: Sources,
    workloads: Sequence[Workload],
    plan: Plan,
    *,
    cores: int,
    say: Say,
) -> PeersRecord:
    """Run it.

    Args:
        peers: names from `PEERS`, in the order of the record.
        sources: what the models are made from; its folder is empty.
        workloads: the text sets, read to the amounts of the plan.
        plan: how much is measured.
        cores: the thread budget of every peer.
        say: told what happens next.
    """
    start, before = time.perf_counter(), cpu_time_of_all()
    tokenizer = open_tokenizer(sources.checkpoint)
    counts = [_lengths(workload, tokenizer) for workload in workloads]
    threads = tuple(dict.fromkeys((1, cores)))
    say("measuring the hardware's peak")
    probes = measure_peaks(threads)
    entries = list(_enter_all(peers, sources, workloads, plan, threads, say))
    entrants = {e.contestant.name: e.entrant for e in entries if e.entrant}
    measured = measure(
        entrants,
        workloads,
        _requests(sources, plan.lengths),
        threads,
        rounds=plan.rounds,
        request_s=plan.request_s,
        starting=lambda number: say(f"round {number + 1} of {plan.rounds}"),
    )
    for entrant in entrants.values():
        entrant.worker.close()
    say("measuring the hardware's peak again")
    probes += measure_peaks(threads)
    throughput = tuple(
        row
        for timed, lengths in zip(measured.texts, counts, strict=True)
        for row in throughput_of(timed, entrants, lengths=lengths, peak=peak_of(probes, cores))
    )
    return PeersRecord(
        quick=plan is QUICK,
        cores=cores,
        max_length=MAX_LENGTH,
        peers=_contestants(entries, measured),
        text_sets=tuple(map(_text_set, workloads, counts)),
        throughput=throughput,
        latency=tuple(
            row
            for timed in measured.requests
            for row in latency_of(timed, entrants, peak_of(probes, timed.threads))
        ),
        sweep=tuple(trial for entry in entries for trial in entry.trials),
        probes=tuple(probes),
        noise=noise_of_rounds((row.seconds for row in throughput), before),
        seconds=time.perf_counter() - start,
    )


def _enter_all(
    peers: Sequence[str],
    sources: Sources,
    workloads: Sequence[Workload],
    plan: Plan,
    threads: Sequence[int],
    say: Say,
) -> Iterator[Entry]:
    requests = _requests(sources, _SWEPT_LENGTHS)
    samples = [_sample(workload, sources, plan.sample) for workload in workloads]
    for name in peers:
        say(f"{name}: making its model, and finding its best configurations")
        entry = enter(name, sources, samples, requests, threads)
        if entry.contestant.failure:
            say(f"{name}: {entry.contestant.failure}")
        yield entry


def _requests(sources: Sources, lengths: Sequence[int]) -> list[Request]:
    tokenizer = open_tokenizer(sources.checkpoint, max_length=None)
    return [make_request(tokenizer, length) for length in lengths]


def _sample(workload: Workload, sources: Sources, tokens: int) -> Workload:
    """The first texts that together have so many tokens: neighbours stay neighbours."""
    lengths = _lengths(workload, open_tokenizer(sources.checkpoint))
    size = next((n for n in range(1, len(lengths)) if sum(lengths[:n]) >= tokens), len(lengths))
    return replace(workload, texts=workload.texts[:size])


def _contestants(entries: Sequence[Entry], measured: Measured) -> tuple[Contestant, ...]:
    """All peers; one that ran and then failed says so."""
    timed = [one.turns for one in measured.texts] + [one.turns for one in measured.requests]
    reasons = {name: why for turns in timed for name, why in turns.failures.items()}
    return tuple(
        replace(one, failure=f"stopped: {reasons[one.name]}") if one.name in reasons else one
        for one in (entry.contestant for entry in entries)
    )


def _text_set(workload: Workload, lengths: Sequence[int]) -> TextSet:
    return TextSet(workload.name, workload.title, len(lengths), sum(lengths))


def _lengths(workload: Workload, tokenizer: tokenizers.Tokenizer) -> list[int]:
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(list(workload.texts))]
