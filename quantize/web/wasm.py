"""Graphs in WebAssembly: a process of Node opens them, runs them and times them.

A session here answers what one of onnxruntime does, so that all that asks a bundle for answers and
compares them asks WebAssembly alike.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self
from weakref import finalize

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.errors import BundleError, ProviderError
from edgebert.onnx_graph.external_data import external_files
from edgebert.quantize.web.node import NodeRuntime
from edgebert.runtimes.sessions.reasons import reason_of

Feed = Mapping[str, np.ndarray]
"""Inputs of a graph by name."""

Times = npt.NDArray[np.float64]
"""Milliseconds of runs, in their order."""

PROVIDER = "WasmExecutionProvider"
"""What sessions here call themselves; onnxruntime-web gives it no name."""

_SCRIPT = Path(__file__).with_name("graphs.mjs")
_RACE = {"rounds": 200, "fewest": 20, "seconds": 30, "apart": 0.01}
"""When runs are over, see the script."""

_LAST_WORDS = 300


@dataclass(frozen=True)
class Value:
    """An input or an output of a graph; `type` is "tensor(float)" or alike."""

    name: str
    type: str
    shape: list[int | str]


class Wasm:
    """A process of Node with WebAssembly of so many threads; a context that ends it.

    Args:
        runtime: Node and onnxruntime-web.
        threads: of every run.

    Raises:
        ProviderError: Node does not start.
    """

    def __init__(self, runtime: NodeRuntime, threads: int = 1) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._forgotten: list[int] = []
        self._said: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed with the process
        try:
            self._process = subprocess.Popen(
                (runtime.program, _SCRIPT, runtime.library, str(threads)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                start_new_session=True,  # an interrupt ends this process, and that ends Node
            )
        except OSError as error:
            self._said.close()
            raise ProviderError(f"{runtime.program} cannot be started: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def open(self, path: Path) -> WasmSession:
        """Open an ONNX file.

        Raises:
            BundleError: onnxruntime-web cannot load it.
            ProviderError: Node has ended.
        """
        question = {"path": str(path.resolve()), "beside": external_files(path)}
        told, _ = self.ask({"ask": "open"} | question, about=path)
        session = WasmSession(self, int(told["session"]), path, told["inputs"], told["outputs"])
        finalize(session, self._forgotten.append, session.number)
        return session

    def race(self, runs: Sequence[tuple[WasmSession, Feed]], *, seed: int) -> list[Times]:
        """Milliseconds of computing of single runs of graphs that take turns: float64 [rounds] each.

        It is the time of the CPU, to which other processes add nothing: with eleven of them on two
        cores, medians of a graph that is opened three times were within 1 %, and those of the clock
        were five times as long.


        Args:
            runs: sessions, and what each is given.
            seed: of the order in which they run in a round.
        """
        graphs = [{"session": one.number, "inputs": described(feed)} for one, feed in runs]
        tensors = [tensor for _, feed in runs for tensor in feed.values()]
        question = {"ask": "race", "graphs": graphs, "seed": seed} | _RACE
        told, _ = self.ask(question, tensors, about=_SCRIPT)
        return [np.array(ms) for ms in told["ms"]]

    def ask(
        self, question: dict[str, Any], tensors: Iterable[Array] = (), *, about: Path
    ) -> tuple[dict[str, Any], list[Array]]:
        """What Node answers, and the tensors that come with it.

        Args:
            question: of one of the functions of the script.
            tensors: what it is given, in the order in which the question describes them.
            about: the graph, for errors.
        """
        with self._lock:
            while self._forgotten:
                self._answer({"ask": "close", "session": self._forgotten.pop()}, (), about)
            return self._answer(question, tensors, about)

    def _answer(
        self, question: dict[str, Any], tensors: Iterable[Array], about: Path
    ) -> tuple[dict[str, Any], list[Array]]:
        into, out = self._process.stdin, self._process.stdout
        assert into is not None and out is not None
        try:
            into.write(json.dumps(question).encode() + b"\n")
            for tensor in tensors:
                into.write(tensor.tobytes())
            into.flush()
            told = json.loads(out.readline())
            found = [_read(out, one["type"], one["shape"]) for one in told.get("tensors", ())]
        except (OSError, ValueError) as error:
            raise ProviderError(f"{self._runtime} has ended: {self._last_words()}") from error
        if "error" in told:
            reason = reason_of(RuntimeError(told["error"]))
            raise BundleError(f"{about} cannot run in WebAssembly ({self._runtime}): {reason}")
        return told, found

    def _last_words(self) -> str:
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace").strip()
        return said[-_LAST_WORDS:] or f"exit code {self._process.returncode}"


class WasmSession:
    """A graph that is open in WebAssembly. Made by `Wasm.open`.

    Args:
        wasm: the process that has it.
        number: by which it is known there.
        path: its file.
        inputs, outputs: as onnxruntime-web describes them.
    """

    def __init__(
        self,
        wasm: Wasm,
        number: int,
        path: Path,
        inputs: Iterable[Mapping[str, Any]],
        outputs: Iterable[Mapping[str, Any]],
    ) -> None:
        self._wasm, self._path, self.number = wasm, path, number
        self._inputs = [_value(one) for one in inputs]
        self._outputs = [_value(one) for one in outputs]

    def get_inputs(self) -> list[Value]:
        return self._inputs

    def get_outputs(self) -> list[Value]:
        return self._outputs

    def get_providers(self) -> list[str]:
        return [PROVIDER]

    def run(self, outputs: Sequence[str] | None, inputs: Feed) -> list[Array]:
        """Run it once.

        Raises:
            BundleError: onnxruntime-web cannot run it.
            ProviderError: Node has ended.
        """
        names = list(outputs or (value.name for value in self._outputs))
        question = {"ask": "run", "session": self.number, "outputs": names}
        given = question | {"inputs": described(inputs)}
        return self._wasm.ask(given, inputs.values(), about=self._path)[1]


def described(feed: Feed) -> list[dict[str, Any]]:
    """What the script is told of the tensors that it is given."""
    return [
        {"name": name, "type": one.dtype.name, "shape": one.shape, "size": one.nbytes}
        for name, one in feed.items()
    ]


def _value(told: Mapping[str, Any]) -> Value:
    kind = {"float32": "float"}.get(told["type"], told["type"])
    return Value(told["name"], f"tensor({kind})", list(told["shape"]))


def _read(out: IO[bytes], kind: str, shape: Sequence[int]) -> Array:
    dtype = np.dtype(kind)
    data = out.read(prod(shape) * dtype.itemsize)
    return np.frombuffer(data, dtype).reshape(shape)
