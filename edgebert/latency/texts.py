"""Real texts, end to end: what their lengths make of the throughput."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from edgebert.data import Columns, Text, read_examples
from edgebert.latency.models import LoadedModel, TimedModel
from edgebert.latency.rounds import Rounds, calmer, spread, time_in_rounds
from edgebert.records.timed import TextsBench, TextsResult, TokenCounts

_ROUNDS = 3
_MOST_BYTES = 50_000  # some 12,000 tokens: three seconds for a small BERT in fp32 on one core
_FEWEST_TEXTS = 32


@dataclass(frozen=True)
class Sample:
    """The texts that are timed, taken evenly from the `available` ones of a file."""

    path: Path
    texts: tuple[Text, ...]
    available: int


@dataclass(frozen=True)
class TimedTexts:
    """One model on all texts. `model` is its index, `tokens` how many each text has for it."""

    model: int
    provider: str
    threads: int
    tokens: tuple[int, ...]
    rounds: Rounds


def read_sample(path: Path, models: Sequence[TimedModel], columns: Columns | None = None) -> Sample:
    """Read texts, few enough that a round takes seconds; their lengths stay those of the file.

    Pairs stay together where every model classifies or answers questions, and are two texts
    elsewhere; translators read the first one.

    Raises:
        InputError: the file cannot be read or holds no text.
    """
    examples = read_examples(path, columns=columns)
    single = [model.task for model in models if not model.task.reads_pairs]
    texts = (*single, models[0].task)[0].compared_texts(examples, None)
    mean = sum(len("".join(text).encode()) for text in texts) / len(texts)
    wanted = min(len(texts), max(_FEWEST_TEXTS, int(_MOST_BYTES / max(mean, 1))))
    return Sample(path, tuple(texts[i * len(texts) // wanted] for i in range(wanted)), len(texts))


def time_texts(models: Sequence[LoadedModel], sample: Sample, threads: int) -> list[TimedTexts]:
    """Time all models in alternating rounds, each of which answers all texts."""
    calls = [model.on_texts(sample.texts) for model in models]
    timed = time_in_rounds(calls, rounds=_ROUNDS, seconds=_ROUNDS, label="timing texts")
    return [
        TimedTexts(i, model.provider, threads, tuple(model.token_counts(sample.texts)), rounds)
        for i, (model, rounds) in enumerate(zip(models, timed, strict=True))
    ]


def texts_bench(sample: Sample, timed: Sequence[TimedTexts]) -> TextsBench:
    p50, p95 = (float(value) for value in np.percentile(timed[0].tokens, (50, 95)))
    return TextsBench(
        file=str(sample.path),
        n=len(sample.texts),
        available=sample.available,
        tokens=TokenCounts(float(np.mean(timed[0].tokens)), p50, p95, max(timed[0].tokens)),
        results=tuple(map(_result, timed)),
    )


def _result(timed: TimedTexts) -> TextsResult:
    times = list(chain.from_iterable(calmer(timed.rounds)))
    ms = float(np.median(times)) / 1e6
    return TextsResult(
        bundle=timed.model,
        provider=timed.provider,
        threads=timed.threads,
        runs=len(times),
        p50_ms=ms,
        texts_per_s=1e3 * len(timed.tokens) / ms,
        tokens_per_s=1e3 * sum(timed.tokens) / ms,
        spread=spread(timed.rounds),
    )
