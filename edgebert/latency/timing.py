"""Latency, throughput, memory and cold start of models, on this machine."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import chain, groupby, product
from pathlib import Path

import numpy as np

from edgebert.data import Columns
from edgebert.errors import InputError
from edgebert.latency.models import LoadedModel, Start, TimedModel
from edgebert.latency.noise import cpu_time, noise_of
from edgebert.latency.opening import open_models
from edgebert.latency.rounds import Rounds, calmer, spread, time_in_rounds
from edgebert.latency.shapes import LENGTHS, Shape, check_lengths, default_lengths, shapes_of
from edgebert.latency.start import starts_of
from edgebert.latency.texts import TimedTexts, read_sample, texts_bench, time_texts
from edgebert.machine import available_cores
from edgebert.records.timed import BenchBundle, BenchRecord, BenchResult
from edgebert.runtimes.kernels import AUTO

_PASSES = 2
"""Each number of threads is timed twice, some time apart: a shared host can keep the second core
slow for half a minute, and all rounds within that time would agree."""


@dataclass(frozen=True)
class _Timed:
    """One model at one shape. `model` is its index, `first` the part until the first token."""

    model: int
    provider: str
    shape: Shape
    rounds: Rounds
    first: Rounds


def bench(
    models: Sequence[str | Path],
    *,
    lengths: Sequence[int] | None = None,
    batch_sizes: Sequence[int] = (1, 8),
    threads: Sequence[int] | None = None,
    texts: Path | None = None,
    text_column: str | None = None,
    pair_column: str | None = None,
    beam: int = 1,
    provider: str = "auto",
    kernels: str = AUTO,
    rounds: int = 10,
    seconds: float = 1.0,
    offline: bool = False,
) -> BenchRecord:
    """Time models side by side, in alternating rounds.

    Args:
        models: bundles, and checkpoints (folders or hub ids), which PyTorch runs.
        lengths: tokens of a text; inputs have exactly this length and no padding. By default
            those of 16, 32 and 128 that every model takes.
        batch_sizes: texts of a call.
        threads: cores a call may use; by default one, and all that this process is granted.
        texts: a file whose texts are also timed, from text to answer.
        text_column: column of the texts, where it has no usual name; `pair_column` of the second
            text of each pair.
        beam: targets of a sentence that translators follow side by side; 1 takes the likeliest
            token each time.
        provider: the execution provider of the bundles.
        kernels: whether edgebert's kernels run the bundles, as in `edgebert.load`.
        rounds: how many turns each model gets at each shape, at least.
        seconds: how long each model is timed at each shape, over so many rounds.
        offline: never touch the network.

    Raises:
        BundleError: a bundle is missing, damaged or does not load.
        CheckpointError: a checkpoint is missing, damaged or does not load.
        InputError: no models, a number below 1, a length that a model would truncate, a beam that
            is wider than a model's vocabulary or that one cannot write by, or no texts.
    """
    if rounds < 1:
        raise InputError("a bench needs one round at least")
    threads = threads if threads is not None else (1, available_cores())
    shapes_of(LENGTHS if lengths is None else lengths, batch_sizes, threads)  # or say no at once
    paths = [str(model) for model in models]
    opened = open_models(paths, beam=beam, provider=provider, kernels=kernels, offline=offline)
    if lengths is None:
        lengths = default_lengths(min(model.max_length for model in opened))
    shapes = shapes_of(lengths, batch_sizes, threads)
    for model in opened:
        check_lengths(model.path, model.max_length, lengths)
    columns = Columns(text_column, pair_column)
    sample = read_sample(texts, opened, columns) if texts else None
    starts = starts_of(opened, provider, kernels)
    before = cpu_time()
    parts: list[_Timed] = []
    answered: list[TimedTexts] = []
    for turn in range(_PASSES):
        for number, alike in groupby(shapes, key=lambda shape: shape.threads):
            with _loaded(opened, number) as loaded:
                parts += _time_shapes(
                    loaded, list(alike), math.ceil(rounds / _PASSES), seconds / _PASSES
                )
                if sample and turn == 0:
                    answered += time_texts(loaded, sample, number)
    timed = _joined(parts)
    return BenchRecord(
        bundles=tuple(map(_bundle, opened, starts)),
        results=tuple(map(_result, timed)),
        noise=noise_of(_all_rounds(timed, answered), before, cpu_time()),
        texts=texts_bench(sample, answered) if sample else None,
    )


@contextmanager
def _loaded(models: Sequence[TimedModel], threads: int) -> Iterator[list[LoadedModel]]:
    """Load all models at a time; they go when the block ends, before others take their threads."""
    with ExitStack() as stack:
        yield [stack.enter_context(model.load(threads)) for model in models]


def _time_shapes(
    models: Sequence[LoadedModel], shapes: Sequence[Shape], rounds: int, seconds: float
) -> list[_Timed]:
    """Time every model at every shape; a round goes through all, so it samples the whole time."""
    turns = list(product(shapes, enumerate(models)))
    calls = [model.on_shape(shape) for shape, (_, model) in turns]
    parts = [model.on_first_token(shape) for shape, (_, model) in turns]
    firsts = [part for part in parts if part is not None]
    timed = time_in_rounds([*calls, *firsts], rounds=rounds, seconds=seconds, label="timing shapes")
    of_firsts = iter(timed[len(calls) :])
    return [
        _Timed(index, model.provider, shape, taken, [] if part is None else next(of_firsts))
        for (shape, (index, model)), taken, part in zip(
            turns, timed[: len(calls)], parts, strict=True
        )
    ]


def _joined(parts: Sequence[_Timed]) -> list[_Timed]:
    """The rounds of all passes for each model at each shape, in the order of the first pass."""
    joined: dict[tuple[int, Shape], _Timed] = {}
    for part in parts:
        key = (part.model, part.shape)
        if before := joined.get(key):
            rounds, first = [*before.rounds, *part.rounds], [*before.first, *part.first]
            part = replace(part, rounds=rounds, first=first)
        joined[key] = part
    return list(joined.values())


def _all_rounds(timed: Sequence[_Timed], answered: Sequence[TimedTexts]) -> list[Rounds]:
    firsts = (one.first for one in timed if one.first)
    return [*(one.rounds for one in timed), *firsts, *(one.rounds for one in answered)]


def _bundle(model: TimedModel, start: Start) -> BenchBundle:
    return BenchBundle(
        path=model.path,
        sha256=model.sha256,
        precision=model.precision,
        provider=start.provider,
        size_bytes=model.size_bytes,
        load_ms=start.load_ms,
        first_inference_ms=start.first_inference_ms,
        peak_rss_mb=start.peak_rss_mb,
        task=model.task.name,
        max_length=model.max_length,
        sizes=model.sizes,
        ragged_memory=start.ragged_memory,
        beam=model.beam,
        fingerprint=model.fingerprint,
    )


def _result(timed: _Timed) -> BenchResult:
    """Percentiles over the runs of the calmer rounds; throughput is the work over their time."""
    ms = np.array(list(chain.from_iterable(calmer(timed.rounds)))) / 1e6
    p50, p90, p95, p99 = (float(value) for value in np.percentile(ms, (50, 90, 95, 99)))
    mean, shape = float(ms.mean()), timed.shape
    first = _median_ms(timed.first) if timed.first else None
    more = shape.length - 1
    return BenchResult(
        bundle=timed.model,
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
        spread=spread(timed.rounds),
        first_token_ms=first,
        token_ms=None if first is None or not more else (p50 - first) / more,
    )


def _median_ms(rounds: Rounds) -> float:
    return float(np.median(list(chain.from_iterable(calmer(rounds))))) / 1e6
