"""Cold start of a bundle: load, first answer and peak memory, each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from edgebert.bundle import Bundle
from edgebert.errors import BundleError

_ROUNDS = 3


@dataclass(frozen=True)
class Start:
    """Medians over the processes, and the highest peak memory."""

    load_ms: float
    first_inference_ms: float
    peak_rss_mb: float | None


def starts_of(bundles: Sequence[Bundle]) -> list[Start]:
    """Start every bundle a few times, taking turns.

    Raises:
        BundleError: a bundle does not load or does not answer.
    """
    turns = [[_start(bundle) for bundle in bundles] for _ in range(_ROUNDS)]
    return [_middle(list(starts)) for starts in zip(*turns, strict=True)]


def _start(bundle: Bundle) -> Start:
    command = [sys.executable, "-m", "edgebert.latency.cold_start", str(bundle.path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise BundleError(f"{bundle.path} does not start: {reason}")
    return Start(**json.loads(done.stdout))


def _middle(starts: Sequence[Start]) -> Start:
    peaks = [start.peak_rss_mb for start in starts if start.peak_rss_mb is not None]
    return Start(
        load_ms=median(start.load_ms for start in starts),
        first_inference_ms=median(start.first_inference_ms for start in starts),
        peak_rss_mb=max(peaks, default=None),
    )
