"""The table of an entry: what one model, made by this version, costs and gives on this machine."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import edgebert
from benchmarks.ledger.entry import Figure
from edgebert.export import export_model
from edgebert.machine import available_cores
from edgebert.measures import Thresholds
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.timed import BenchRecord

_ROOT = Path(__file__).parents[3]
_PASSES = 3
_TOKENS = (16, 128)
_TEXTS = {"short sentences": "stsb/test.tsv", "abstracts": "scifact/corpus.jsonl.gz"}
_NAMES = ("PyTorch", "fp32", "int8")
"""What is timed side by side: the checkpoint, and its two bundles."""

_LOOSE = Thresholds(max_drift=1.0)  # what is measured is written down, and refused elsewhere


@dataclass(frozen=True)
class Pass:
    """One bench over each set of texts."""

    records: dict[str, BenchRecord]


def measure(
    checkpoint: Path, data: Path, scratch: Path, say: Callable[[str], None]
) -> tuple[list[Figure], tuple[str, ...]]:
    """The figures of a checkpoint and its bundles, and what disturbed the machine.

    Args:
        checkpoint: all-MiniLM-L6-v2.
        data: the folder of public data sets.
        scratch: where bundles are written.
        say: shown what is being done.
    """
    fp32, int8 = scratch / "fp32", scratch / "int8"
    say("export")
    export_s = _seconds(lambda: export_model(checkpoint, fp32))
    say("quantize, scheme auto")
    options = QuantizeOptions(data=data / "stsb/train.tsv")
    quantize_s = _seconds(lambda: quantize_bundle(fp32, int8, options=options))
    say("check")
    figures = [*_drift(fp32, int8, data), *_sizes(fp32, int8)]
    passes = []
    for number in range(_PASSES):
        say(f"bench, pass {number + 1} of {_PASSES}")
        passes.append(_bench((checkpoint, fp32, int8), data))
    figures += [*_throughput(passes), *_latency(passes), *_starts(passes)]
    figures += [Figure("export, s", export_s), Figure("quantize auto, s", quantize_s)]
    reasons = (reason for one in passes for r in one.records.values() for reason in r.noise.reasons)
    return figures, tuple(dict.fromkeys(reasons))


def seconds_of_tests() -> Figure:
    """What `make test` takes; a run that fails measures nothing.

    Raises:
        CalledProcessError: it failed.
    """
    return Figure(
        "make test, s", _seconds(lambda: subprocess.run(["make", "test"], cwd=_ROOT, check=True))
    )


def _seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def _drift(fp32: Path, int8: Path, data: Path) -> Iterator[Figure]:
    record = edgebert.check(fp32, int8, data / "stsb/test.tsv", thresholds=_LOOSE)
    assert record.cosine is not None and record.metric is not None
    yield Figure("int8 to fp32, 1 - cosine, mean", 1 - record.cosine.mean)
    yield Figure("int8 to fp32, 1 - cosine, 99 %", 1 - record.cosine.p01)
    yield Figure("int8 to fp32, 1 - cosine, worst", 1 - record.cosine.min)
    yield Figure(f"int8, {record.metric.name}", record.metric.candidate, more_is_better=True)


def _sizes(fp32: Path, int8: Path) -> Iterator[Figure]:
    for name, bundle in (("fp32", fp32), ("int8", int8)):
        size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
        yield Figure(f"{name}, size, MB", size / 1e6)


def _bench(models: Sequence[Path], data: Path) -> Pass:
    return Pass(
        {
            name: edgebert.bench(
                models, lengths=_TOKENS, batch_sizes=(1,), texts=data / file, rounds=5, seconds=0.5
            )
            for name, file in _TEXTS.items()
        }
    )


def _throughput(passes: Sequence[Pass]) -> Iterator[Figure]:
    cores = available_cores()
    for title in _TEXTS:
        found: list[list[float]] = [[] for _ in _NAMES]
        for one in passes:
            texts = one.records[title].texts
            assert texts is not None
            for result in texts.results:
                if result.threads == cores:
                    found[result.bundle].append(result.texts_per_s)
        for i, name in enumerate(_NAMES[1:], 1):
            best = max(found[i])
            yield Figure(
                f"{name}, {title}, texts/s",
                best,
                best / max(found[0]),
                more_is_better=True,
                noise=best / min(found[i]) - 1,
            )


def _latency(passes: Sequence[Pass]) -> Iterator[Figure]:
    """The fastest run of a single text, on one thread and on all cores."""
    for threads in sorted({1, available_cores()}):
        for length in _TOKENS:
            found: list[list[float]] = [[] for _ in _NAMES]
            for one in passes:
                for record in one.records.values():
                    for result in record.results:
                        if (result.threads, result.length) == (threads, length):
                            found[result.bundle].append(result.min_ms)
            for i, name in enumerate(_NAMES[1:], 1):
                best = min(found[i])
                yield Figure(
                    f"{name}, one text of {length} tokens, {threads} threads, ms",
                    best,
                    best / min(found[0]),
                    noise=max(found[i]) / best - 1,
                )


def _starts(passes: Sequence[Pass]) -> Iterator[Figure]:
    starts = [record.bundles for one in passes for record in one.records.values()]
    for i, name in enumerate(_NAMES[1:], 1):
        loads = [bundles[i].load_ms for bundles in starts]
        yield Figure(f"{name}, load, ms", min(loads), noise=max(loads) / min(loads) - 1)
        peaks = [peak for bundles in starts if (peak := bundles[i].peak_rss_mb) is not None]
        if peaks:
            yield Figure(f"{name}, memory of one text, MB", min(peaks))
