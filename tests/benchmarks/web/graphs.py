"""Graphs on one thread of WebAssembly, or of Node's CPU: how long they take, and what of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from web.running import CLIENT, WORK, asked_aloud, fresh

from benchmarks.web.clients import HERE

LIBRARIES = {
    "wasm": CLIENT / "node_modules" / "onnxruntime-web" / "dist" / "ort.node.min.mjs",
    "cpu": CLIENT / "node_modules" / "onnxruntime-node" / "dist" / "index.js",
}
_SECONDS = 0.4


@dataclass(frozen=True)
class Input:
    """An input of a graph, filled with `count` integers from `least` on."""

    name: str
    type: str
    shape: tuple[int, ...]
    least: int
    count: int


def fastest_ms(provider: str, graphs: Sequence[tuple[Path, Sequence[Input]]]) -> list[float]:
    """The fastest run of each graph.

    Raises:
        EdgebertError: Node or onnxruntime could not.
    """
    found, _ = _run(provider, graphs, _SECONDS, "")
    return found


def operators_ms(
    provider: str, graph: Path, inputs: Sequence[Input], seconds: float
) -> dict[str, float]:
    """Milliseconds of each kind of operator in a run: of every node the fastest, summed."""
    folder = fresh(WORK / "profiles")
    _, said = _run(provider, [(graph, inputs)], seconds, str(folder / "run"))
    written = list(folder.glob("run*.json"))
    events = json.loads(written[0].read_text(encoding="utf-8") if written else said)
    times: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in events:
        if event["cat"] == "Node" and event["name"].endswith("_kernel_time"):
            told = event["args"]
            times[told["op_name"], told["node_index"]].append(event["dur"])
    kinds: defaultdict[str, float] = defaultdict(float)
    for (kind, _), durations in times.items():
        kinds[kind] += min(durations) / 1000
    return dict(sorted(kinds.items(), key=lambda kind: -kind[1]))


def _run(
    provider: str, graphs: Sequence[tuple[Path, Sequence[Input]]], seconds: float, profile: str
) -> tuple[list[float], str]:
    plan: dict[str, Any] = {
        "provider": provider, "library": str(LIBRARIES[provider]), "seconds": seconds,
        "profile": profile,
        "graphs": [
            {"path": str(path.resolve()), "inputs": [asdict(own) for own in inputs]}
            for path, inputs in graphs
        ],
    }  # fmt: skip
    return asked_aloud(HERE / "graphs.mjs", plan)
