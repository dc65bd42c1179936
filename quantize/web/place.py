"""WebAssembly as the place where candidates run: their answers on all cores, their times on one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from edgebert.bundle import ModelFiles
from edgebert.machine import available_cores, this_machine
from edgebert.quantize.search.racing import TOKENS, feed_of
from edgebert.quantize.web.node import NodeRuntime
from edgebert.quantize.web.wasm import Times, Wasm, WasmSession
from edgebert.records.profile import one_caller
from edgebert.runtimes import Model
from edgebert.runtimes.sessions.engine import Engine
from edgebert.text.encoding import open_tokenizer

TIMED_THREADS = 1
"""A page has more only where its server isolates it."""

_MOST_THREADS = 4  # more of them wait for each other


class InWebAssembly:
    """See `edgebert.quantize.search.places.Place`.

    Args:
        runtime: Node and onnxruntime-web.
        answering: the process that gives answers; with several threads they have the same bits.
        seed: of the order in which graphs take turns.
    """

    def __init__(self, runtime: NodeRuntime, answering: Wasm, seed: int) -> None:
        self.runtime = runtime
        self._answering, self._seed = answering, seed

    @property
    def about(self) -> str:
        machine = this_machine()
        return f"{machine.cpu} {machine.features} {self.runtime}"

    def open_graph(
        self, path: Path, *, threads: int | None = None, widen: bool = True, spinning: bool = True
    ) -> WasmSession:
        """A session; threads are those of the process, and sums are right without widening."""
        return self._answering.open(path)

    def open_model(self, files: ModelFiles) -> Model:
        engine = Engine(partial(self.open_graph, files.model_path), one_caller(1))
        return Model(files, engine, open_tokenizer(files.tokenizer_path))

    def race(
        self, graphs: Mapping[str, Path], *, widened: Collection[str] = (), tokens: int = TOKENS
    ) -> dict[str, float]:
        """The median run of each graph on one text and one thread, in ms."""
        rounds = self.rounds(graphs, tokens=tokens)
        return {name: float(f"{np.median(ms):.3g}") for name, ms in rounds.items()}

    def rounds(self, graphs: Mapping[str, Path], *, tokens: int) -> dict[str, Times]:
        """The times of each graph in ms, round after round, in which all of them take turns.

        Args:
            graphs: .onnx files by any name.
            tokens: of the text.
        """
        if not graphs:
            return {}
        with Wasm(self.runtime, TIMED_THREADS) as timing:
            sessions = {name: timing.open(path) for name, path in graphs.items()}
            runs = [(one, feed_of(one, tokens)) for one in sessions.values()]
            return dict(zip(sessions, timing.race(runs, seed=self._seed), strict=True))


def threads_for_answers() -> int:
    """Threads of WebAssembly that answer."""
    return min(available_cores(), _MOST_THREADS)
