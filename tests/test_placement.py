"""Where nodes run: seen in a run, whatever the provider tells of itself."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edgebert.errors import BundleError, ProviderError
from edgebert.inspect import inspect_path
from edgebert.records.inspected import Placement
from edgebert.runtimes.sessions.placement import placement_of, require_all
from edgebert.runtimes.sessions.session import graph_placement

CPU, FALLING_BACK = "CPUExecutionProvider", "AzureExecutionProvider"
FIXTURES = Path(__file__).parent / "fixtures"


def recorded(name: str) -> Placement:
    """What another onnxruntime really gave, as a fixture keeps it (see its first lines)."""
    run: dict[str, Any] = json.loads((FIXTURES / f"{name}_run.json").read_text())
    return placement_of(run["profile"], Counter(run["assigned"]), run["provider"])


def test_the_cpu_runs_every_node_of_a_bundle(tiny_bundle: Path) -> None:
    placement = inspect_path(tiny_bundle, provider="cpu").placement
    assert placement is not None
    assert (placement.provider, placement.fell_back) == (CPU, {})
    assert set(placement.nodes) == {CPU}
    assert placement.nodes[CPU]["Attention"] == 2
    assert placement.nodes[CPU]["LayerNormalization"] == 5


def test_a_lone_file_has_a_placement_too(tiny_int8: Path) -> None:
    placement = inspect_path(tiny_int8 / "model.onnx", provider="auto").placement
    assert placement == inspect_path(tiny_int8, provider="cpu").placement


def test_without_a_provider_nothing_is_run(tiny_bundle: Path) -> None:
    assert inspect_path(tiny_bundle).placement is None


def test_what_falls_back_is_told_by_operator(tiny_int8: Path, azure: str) -> None:
    placement = graph_placement(tiny_int8 / "model.onnx", provider=azure)
    assert (placement.provider, set(placement.nodes)) == (FALLING_BACK, {CPU})
    expected = {"MatMulIntegerToFloat", "MultiHeadAttention"}
    assert expected <= set(placement.fell_back) <= set(placement.nodes[CPU])
    assert "LayerNormalization" not in placement.fell_back


def test_watching_a_session_leaves_no_file(
    tiny_bundle: Path, azure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    graph_placement(tiny_bundle / "model.onnx", provider=azure)
    with pytest.raises(BundleError):
        graph_placement(tmp_path / "missing.onnx", provider=azure)
    assert list(tmp_path.iterdir()) == []


def test_compiled_parts_count_as_the_nodes_that_went_into_them() -> None:
    placement = recorded("openvino")
    inside = placement.nodes["OpenVINOExecutionProvider"]
    assert inside["LayerNormalization"] == 5
    assert sum(inside.values()) == 105
    assert not any("subgraph" in operator for operator in inside)
    assert placement.fell_back == {"MatMulIntegerToFloat": 10, "MultiHeadAttention": 2}


def test_an_onnxruntime_that_records_nothing_still_tells_what_falls_back() -> None:
    run = json.loads((FIXTURES / "openvino_run.json").read_text())
    placement = placement_of(run["profile"], Counter(), run["provider"])
    assert placement.fell_back == recorded("openvino").fell_back
    assert sum(placement.nodes[run["provider"]].values()) == 12  # compiled parts


def test_a_provider_whose_nodes_are_not_recorded_is_told_by_its_kernels() -> None:
    placement = recorded("webgpu")
    assert placement.nodes["WebGpuExecutionProvider"]["Gemm"] == 2
    assert placement.nodes["WebGpuExecutionProvider"]["MatMul"] == 6
    assert placement.fell_back == {"Attention": 2}


def test_the_error_counts_and_lists_what_fell_back() -> None:
    with pytest.raises(ProviderError) as caught:
        require_all(recorded("webgpu"), "out/fp32", "do this")
    assert str(caught.value) == (
        "WebGpuExecutionProvider does not run all of out/fp32: 2 of 10 MatMul and attention nodes "
        "fell back to CPUExecutionProvider (2 Attention); do this"
    )


def test_nodes_that_are_no_work_may_fall_back() -> None:
    nodes = {"A": {"MatMul": 3}, CPU: {"Shape": 1, "Gather": 2}}
    require_all(Placement("A", nodes, {}), "out/fp32", "do this")
