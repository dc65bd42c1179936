"""Who serves: our server, what it is held against, and how each is started."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from devices.emulated import ROOT

from benchmarks.protocol import Sources
from benchmarks.server.process import Command, python_of
from benchmarks.server.record import (
    FP32,
    INT8,
    OPTIMUM,
    SENTENCE_TRANSFORMERS,
    THREADS_FP32,
    THREADS_INT8,
    TORCH,
    Server,
)
from edgebert.errors import InputError

HERE = Path(__file__).parent
ENVIRONMENTS = ROOT / ".venv-servers"
WORK = ROOT / ".cache" / "servers"
MODEL = "m"
"""What every server calls the model."""

_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HOME": str(WORK / "hugging-face"),
    "DO_NOT_TRACK": "1",
    "INFINITY_ANONYMOUS_USAGE_STATS": "0",
}
_OWN_SOURCES = ("edgebert", "export", "quantize", "runtimes/python")
"""Edgebert is installed as a link to these."""


@dataclass(frozen=True)
class Contestant:
    """A server before it runs.

    Attributes:
        environment: of `.venv-servers`.
        packages: whose versions are told.
        path: of the route that gives vectors for `{"model": ..., "input": ...}`.
    """

    name: str
    title: str
    precision: str
    environment: str
    packages: tuple[str, ...]
    path: str
    command: Command

    def introduced(self) -> Server:
        """What is known of it before it runs."""
        place = ENVIRONMENTS / self.environment
        site = next((place / "lib").glob("python*/site-packages"))
        found = {
            each.name.lower().replace("_", "-"): each.version
            for each in metadata.distributions(path=[str(site)])
        }
        versions = {package: found[package] for package in self.packages if package in found}
        return Server(
            self.name, self.title, self.precision, versions, _size(self.environment, site)
        )


def contestants(bundles: Mapping[str, Path], checkpoint: Path) -> list[Contestant]:
    """All of them.

    Args:
        bundles: `fp32` and `int8` of the same model.
        checkpoint: its folder, for the peers.

    Raises:
        InputError: an environment is not there.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    return [
        ours(INT8, bundles["int8"]),
        ours(FP32, bundles["fp32"]),
        _threads(THREADS_INT8, bundles["int8"]),
        _threads(THREADS_FP32, bundles["fp32"]),
        _infinity(
            TORCH, "infinity", checkpoint,
            "--engine", "torch", "--dtype", "float32", "--no-bettertransformer",
        ),
        _infinity(
            OPTIMUM, "infinity-optimum", _with_graph(checkpoint),
            "--engine", "optimum", "--pooling-method", "mean",
        ),
        _sentence_transformers(checkpoint),
    ]  # fmt: skip


def ours(name: str, bundle: Path, *options: str) -> Contestant:
    """Our server of a bundle, with more options."""
    python = _python("edgebert")
    arguments = (
        python, "-m", "edgebert", "serve", f"{MODEL}={bundle.absolute()}", "--port", "{port}",
        "--drain", "0", *options,
    )  # fmt: skip
    return _of_edgebert(name, "edgebert serve", arguments)


def _threads(name: str, bundle: Path) -> Contestant:
    python = _python("edgebert")
    arguments = (
        python,
        str(HERE / "apps" / "thread_a_request.py"),
        str(bundle.absolute()),
        "{port}",
    )
    return _of_edgebert(name, "a thread for each request", arguments)


def _of_edgebert(name: str, title: str, arguments: tuple[str, ...]) -> Contestant:
    precision = name.rpartition("-")[2]
    return Contestant(
        name,
        f"{title}, {precision}",
        precision,
        "edgebert",
        ("edgebert", "edgebert-kernels", "onnxruntime", "starlette", "uvicorn"),
        "/v1/embeddings",
        Command(arguments, "/ready", WORK, _QUIET),
    )


def _infinity(name: str, environment: str, model: Path, *options: str) -> Contestant:
    """Infinity without what costs time and is not asked for: a cache, telemetry, exact usage."""
    arguments = (
        str(Path(_python(environment)).with_name("infinity_emb")), "v2", "--model-id", ".",
        "--served-model-name", MODEL, "--device", "cpu", "--host", "127.0.0.1", "--port", "{port}",
        "--no-vector-disk-cache", "--no-trust-remote-code", "--no-lengths-via-tokenize",
        "--log-level", "warning", *options,
    )  # fmt: skip
    return Contestant(
        name,
        f"infinity, {name.rpartition('-')[2]}",
        "fp32",
        environment,
        ("infinity-emb", "torch", "sentence-transformers", "optimum", "onnxruntime"),
        "/embeddings",
        Command(arguments, "/health", model, _QUIET),
    )


def _with_graph(checkpoint: Path) -> Path:
    """The checkpoint with an ONNX graph beside, which onnxruntime's optimizer has fused.

    Infinity would have optimum do that; with the version that it installs today, optimum refuses.
    """
    folder = WORK / "with-graph"
    if not (folder / "model.onnx").exists():
        from benchmarks.plain_export import fused_onnx  # which imports torch

        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(checkpoint, folder)
        graphs = WORK / "graphs"
        graphs.mkdir(exist_ok=True)
        shutil.copy(fused_onnx(Sources(checkpoint, (), graphs)), folder / "model.onnx")
    return folder


def _sentence_transformers(checkpoint: Path) -> Contestant:
    app = HERE / "apps" / "encode_in_fastapi.py"
    return Contestant(
        SENTENCE_TRANSFORMERS,
        "sentence-transformers behind FastAPI",
        "fp32",
        "sentence-transformers",
        ("sentence-transformers", "torch", "transformers", "fastapi", "uvicorn"),
        "/embed",
        Command(
            (_python("sentence-transformers"), str(app), str(checkpoint), "{port}"),
            "/ready",
            WORK,
            _QUIET,
        ),
    )


def _python(environment: str) -> str:
    python = python_of(ENVIRONMENTS / environment)
    if not os.access(python, os.X_OK):
        raise InputError(f"there is no {environment} in {ENVIRONMENTS}: run {HERE / 'setup'}")
    return python


def _size(environment: str, site: Path) -> int:
    places = [site]
    if environment == "edgebert":
        places += [ROOT / folder for folder in _OWN_SOURCES]
    return sum(
        path.stat().st_size
        for place in places
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
