"""Cold start of models: load, first answer and memory, each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from edgebert.errors import BundleError
from edgebert.latency.models import Start, TimedModel
from edgebert.records.codec import from_dict
from edgebert.runtimes.kernels import AUTO

_ROUNDS = 3


def starts_of(
    models: Sequence[TimedModel], provider: str = "auto", kernels: str = AUTO
) -> list[Start]:
    """Start every model a few times, taking turns: median times, and the highest peak.

    Raises:
        BundleError: a model does not load or does not answer.
    """
    last = _ROUNDS - 1  # memory under ragged texts takes seconds and varies little
    turns = [
        [_start(m, provider, kernels, ragged=turn == last) for m in models]
        for turn in range(_ROUNDS)
    ]
    return [_middle(list(starts)) for starts in zip(*turns, strict=True)]


def _start(model: TimedModel, provider: str, kernels: str, *, ragged: bool) -> Start:
    arguments = [model.source, provider, kernels, str(model.max_length)]
    arguments += [str(model.beam), *(["--ragged"] if ragged else [])]
    command = [sys.executable, "-m", "edgebert.latency.cold_start", *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise BundleError(f"{model.path} does not start: {reason}")
    return from_dict(Start, json.loads(done.stdout))


def _middle(starts: Sequence[Start]) -> Start:
    peaks = [start.peak_rss_mb for start in starts if start.peak_rss_mb is not None]
    return replace(
        starts[-1],
        load_ms=median(start.load_ms for start in starts),
        first_inference_ms=median(start.first_inference_ms for start in starts),
        peak_rss_mb=max(peaks, default=None),
    )
