"""Latency, throughput, memory and cold start of bundles, on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np

from edgebert.bundle import Bundle, open_bundle
from edgebert.errors import InputError
from edgebert.latency.noise import cpu_ticks, noise_of
from edgebert.latency.rounds import Call, Rounds, time_in_rounds
from edgebert.latency.shapes import Shape, check_lengths, random_inputs, shapes_of
from edgebert.latency.start import Start, starts_of
from edgebert.machine import available_cores
from edgebert.progress import track
from edgebert.records.manifest import EMBEDDINGS
from edgebert.records.measured import BenchBundle, BenchRecord, BenchResult
from edgebert.runtimes.session import open_session


@dataclass(frozen=True)
class _Timed:
    """One bundle at one shape. `bundle` is its index."""

    bundle: int
    shape: Shape
    provider: str
    rounds: Rounds


def bench(
    bundles: Sequence[str | Path],
    *,
    lengths: Sequence[int] = (16, 32, 128),
    batch_sizes: Sequence[int] = (1, 8),
    threads: Sequence[int] | None = None,
    rounds: int = 5,
    seconds: float = 1.0,
) -> BenchRecord:
    """Time bundles side by side, in alternating rounds.

    Args:
        bundles: bundle folders.
        lengths: tokens of a text; inputs have exactly this length and no padding.
        batch_sizes: texts of a call.
        threads: cores a call may use; by default one, and all that this process is granted.
        rounds: how many turns each bundle gets at each shape.
        seconds: how long each bundle is timed at each shape, over all rounds.

    Raises:
        BundleError: a bundle is missing, damaged or does not load.
        InputError: no bundles, a number below 1, or a length that a bundle would truncate.
    """
    if not bundles or rounds < 1:
        raise InputError("a bench needs one bundle and one round at least")
    shapes = shapes_of(lengths, batch_sizes, threads or (1, available_cores()))
    opened = [open_bundle(path) for path in bundles]
    for bundle in opened:
        check_lengths(bundle, lengths)
    starts = starts_of(opened)
    before = cpu_ticks()
    steps = track(_time_shapes(opened, shapes, rounds, seconds), "timing", length=len(shapes))
    timed = list(chain.from_iterable(steps))
    return BenchRecord(
        bundles=tuple(map(_bundle, opened, starts, timed)),  # the first shape names the providers
        results=tuple(map(_result, timed)),
        noise=noise_of([one.rounds for one in timed], before, cpu_ticks()),
    )


def _time_shapes(
    bundles: Sequence[Bundle], shapes: Sequence[Shape], rounds: int, seconds: float
) -> Iterator[list[_Timed]]:
    """Yield for each shape what every bundle took; sessions last as long as their threads."""
    for threads, alike in groupby(shapes, key=lambda shape: shape.threads):
        sessions = [open_session(bundle, threads=threads) for bundle in bundles]
        providers = [str(session.get_providers()[0]) for session in sessions]
        for shape in alike:
            calls = [_call(*pair, shape) for pair in zip(bundles, sessions, strict=True)]
            times = time_in_rounds(calls, rounds=rounds, seconds=seconds)
            yield [
                _Timed(index, shape, provider, taken)
                for index, (provider, taken) in enumerate(zip(providers, times, strict=True))
            ]


def _call(bundle: Bundle, session: Any, shape: Shape) -> Call:
    """A run that asks for what the runtime asks for, so that unused outputs cost nothing."""
    output = "sentence_embedding" if bundle.manifest.task == EMBEDDINGS else "logits"
    return partial(session.run, [output], random_inputs(bundle, shape))


def _bundle(bundle: Bundle, start: Start, timed: _Timed) -> BenchBundle:
    return BenchBundle(
        path=str(bundle.path),
        sha256=bundle.sha256,
        precision=bundle.manifest.precision,
        provider=timed.provider,
        size_bytes=bundle.size_bytes,
        load_ms=start.load_ms,
        first_inference_ms=start.first_inference_ms,
        peak_rss_mb=start.peak_rss_mb,
    )


def _result(timed: _Timed) -> BenchResult:
    """Percentiles over all timed runs; throughput is the work done over the time it took."""
    ms = np.array(list(chain.from_iterable(timed.rounds))) / 1e6
    p50, p90, p95, p99 = (float(value) for value in np.percentile(ms, (50, 90, 95, 99)))
    mean, shape = float(ms.mean()), timed.shape
    return BenchResult(
        bundle=timed.bundle,
        provider=timed.provider,
        batch=shape.batch,
        length=shape.length,
        threads=shape.threads,
        runs=len(ms),
        p50_ms=p50,
        p90_ms=p90,
        p95_ms=p95,
        p99_ms=p99,
        mean_ms=mean,
        min_ms=float(ms.min()),
        texts_per_s=1e3 * shape.batch / mean,
        tokens_per_s=1e3 * shape.batch * shape.length / mean,
    )
