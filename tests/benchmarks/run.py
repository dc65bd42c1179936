"""The whole benchmark: make, sweep, measure, record."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import tokenizers

from benchmarks.entering import Entry, enter
from benchmarks.measure import (
    Entrant,
    TimedRequests,
    TimedTexts,
    latency_of,
    throughput_of,
    time_requests,
    time_texts,
)
from benchmarks.peak import measure_peaks, peak_of
from benchmarks.protocol import MAX_LENGTH, Sources
from benchmarks.record import Contestant, PeersRecord, Probe, TextSet, Throughput
from benchmarks.texts import Amounts, Workload, make_request, open_tokenizer
from edgebert.latency.noise import CpuTime, cpu_time, noise_of
from edgebert.records.measured import Noise

Say = Callable[[str], None]

_SWEPT_LENGTHS = (32, 128)


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        amounts: texts of each set.
        sample: tokens of the texts of a set that the sweep uses.
        rounds: through each text set.
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
    rounds=3,
    lengths=(16, 32, 128, 512),
    request_s=1.0,
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
        peers: names from `PEERS`, in the order of the rounds.
        sources: what the models are made from; its folder is empty.
        workloads: the text sets, read to the amounts of the plan.
        plan: how much is measured.
        cores: the thread budget of every peer.
        say: told what happens next.
    """
    start, before = time.perf_counter(), _cpu_time()
    tokenizer = open_tokenizer(sources.checkpoint)
    threads = tuple(dict.fromkeys((1, cores)))
    say("measuring the hardware's peak")
    probes = measure_peaks(threads)
    entries = list(_enter_all(peers, sources, workloads, plan, threads, say))
    entrants = {e.contestant.name: e.entrant for e in entries if e.entrant}
    texts = list(_through_texts(entrants, workloads, plan, say))
    requests = list(_through_requests(entrants, sources, plan, threads, say))
    for entrant in entrants.values():
        entrant.worker.close()
    say("measuring the hardware's peak again")
    probes += measure_peaks(threads)
    throughput = _throughput(texts, entrants, tokenizer, probes, cores)
    return PeersRecord(
        quick=plan is QUICK,
        cores=cores,
        max_length=MAX_LENGTH,
        peers=_contestants(entries, [*texts, *requests]),
        text_sets=tuple(_text_set(workload, tokenizer) for workload in workloads),
        throughput=throughput,
        latency=tuple(
            row
            for timed in requests
            for row in latency_of(timed, entrants, peak_of(probes, timed.threads))
        ),
        sweep=tuple(trial for entry in entries for trial in entry.trials),
        probes=tuple(probes),
        noise=_noise(throughput, before),
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
    tokenizer = open_tokenizer(sources.checkpoint, max_length=None)
    requests = [make_request(tokenizer, length) for length in _SWEPT_LENGTHS]
    samples = [_sample(workload, sources, plan.sample) for workload in workloads]
    for name in peers:
        say(f"{name}: making its model, and finding its best configurations")
        entry = enter(name, sources, samples, requests, threads)
        if entry.contestant.failure:
            say(f"{name}: {entry.contestant.failure}")
        yield entry


def _sample(workload: Workload, sources: Sources, tokens: int) -> Workload:
    """The first texts that together have so many tokens: neighbours stay neighbours."""
    lengths = _lengths(workload, open_tokenizer(sources.checkpoint))
    size = next((n for n in range(1, len(lengths)) if sum(lengths[:n]) >= tokens), len(lengths))
    return replace(workload, texts=workload.texts[:size])


def _through_texts(
    entrants: dict[str, Entrant], workloads: Sequence[Workload], plan: Plan, say: Say
) -> Iterator[TimedTexts]:
    failed: set[str] = set()
    for workload in workloads:
        say(f"{workload.title}: {len(workload.texts)} texts, {plan.rounds} rounds")
        able = {name: entrant for name, entrant in entrants.items() if name not in failed}
        timed = time_texts(able, workload, plan.rounds)
        failed |= set(timed.turns.failures)
        yield timed


def _through_requests(
    entrants: dict[str, Entrant],
    sources: Sources,
    plan: Plan,
    threads: Sequence[int],
    say: Say,
) -> Iterator[TimedRequests]:
    tokenizer = open_tokenizer(sources.checkpoint, max_length=None)
    failed: set[str] = set()
    for count in threads:
        for length in plan.lengths:
            say(f"single requests of {length} tokens, threads: {count}")
            able = {name: entrant for name, entrant in entrants.items() if name not in failed}
            request = make_request(tokenizer, length)
            timed = time_requests(able, request, count, plan.request_s)
            failed |= set(timed.turns.failures)
            yield timed


def _throughput(
    texts: Sequence[TimedTexts],
    entrants: dict[str, Entrant],
    tokenizer: tokenizers.Tokenizer,
    probes: Sequence[Probe],
    cores: int,
) -> tuple[Throughput, ...]:
    before = {timed.workload.name: timed for timed in texts}
    return tuple(
        row
        for timed in texts
        for row in throughput_of(
            timed,
            entrants,
            lengths=_lengths(timed.workload, tokenizer),
            peak=peak_of(probes, cores),
            unshuffled=before.get(timed.workload.name.removesuffix("_shuffled")),
        )
    )


def _contestants(
    entries: Sequence[Entry], timed: Sequence[TimedTexts | TimedRequests]
) -> tuple[Contestant, ...]:
    """All peers; one that ran and then failed says so."""
    reasons = {name: why for one in timed for name, why in one.turns.failures.items()}
    return tuple(
        replace(one, failure=f"stopped: {reasons[one.name]}") if one.name in reasons else one
        for one in (entry.contestant for entry in entries)
    )


def _text_set(workload: Workload, tokenizer: tokenizers.Tokenizer) -> TextSet:
    lengths = _lengths(workload, tokenizer)
    return TextSet(workload.name, workload.title, len(lengths), sum(lengths), workload.sort)


def _lengths(workload: Workload, tokenizer: tokenizers.Tokenizer) -> list[int]:
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(list(workload.texts))]


def _cpu_time() -> CpuTime | None:
    """CPU time with that of the peers, whose processes have ended when this is called again."""
    now = cpu_time()
    return now and replace(now, own=sum(os.times()[:4]))


def _noise(throughput: Sequence[Throughput], before: CpuTime | None) -> Noise:
    rounds = [[[round(1e9 * seconds)] for seconds in row.seconds] for row in throughput]
    return noise_of(rounds, before, _cpu_time())
