"""Graphs that take turns on the CPU: the fastest run of each on one text."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgebert.runtimes.sessions.session import open_graph

TOKENS = 128
"""Of the one text that a graph is timed with, on one thread."""

_ROUNDS = 25
_FEWEST_ROUNDS = 5
_LONGEST_S = 0.5  # of the runs of one graph, where that leaves so many rounds
_SHORTEST_S = 0.002  # of the runs of one round


def race(
    graphs: Mapping[str, Path], *, widened: Collection[str], tokens: int = TOKENS
) -> dict[str, float]:
    """The fastest run of each graph on one text and one thread, in ms.

    They take turns, so that a slow spell of the machine hits them all.

    Args:
        graphs: .onnx files by any name.
        widened: names of those with weights whose sums could overflow on CPUs without VNNI.
        tokens: of the text.
    """
    sessions = {
        kind: open_graph(path, threads=1, widen=kind in widened) for kind, path in graphs.items()
    }
    feeds = {kind: feed_of(session, tokens) for kind, session in sessions.items()}
    runs = {kind: _runs(sessions[kind], feeds[kind]) for kind in sessions}
    best = dict.fromkeys(sessions, float("inf"))
    for number in range(_ROUNDS):
        for kind, session in sessions.items():
            if number >= _FEWEST_ROUNDS and number * runs[kind] * best[kind] > _LONGEST_S:
                continue
            for _ in range(runs[kind]):
                start = time.perf_counter()
                session.run(None, feeds[kind])
                best[kind] = min(best[kind], time.perf_counter() - start)
    return {kind: float(f"{1000 * seconds:.3g}") for kind, seconds in best.items()}


def feed_of(session: Any, tokens: int) -> dict[str, np.ndarray]:
    """One text of so many tokens, or of as many as a graph of fixed shape takes."""
    draw, feed = np.random.default_rng(0), {}
    for entry in session.get_inputs():
        sizes = zip(entry.shape, (1, tokens), strict=False)
        shape = [n if isinstance(n, int) else usual for n, usual in sizes] + entry.shape[2:]
        if entry.type == "tensor(float)":
            feed[entry.name] = draw.normal(size=shape).astype(np.float32)
        else:
            kind = np.int64 if entry.type == "tensor(int64)" else np.int32
            feed[entry.name] = np.full(shape, "type" not in entry.name, kind)
    return feed


def _runs(session: Any, feed: dict[str, np.ndarray]) -> int:
    start = time.perf_counter()
    session.run(None, feed)
    return max(1, int(_SHORTEST_S / max(time.perf_counter() - start, 1e-6)))
