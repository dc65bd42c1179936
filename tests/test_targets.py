"""The form of the graph for each target, its precision, opset, and the releases that read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import transformers
from families import make_embedder, make_family
from onnx.reference import ReferenceEvaluator
from onnxruntime.tools.mobile_helpers import usability_checker
from onnxruntime.transformers.float16 import convert_float_to_float16
from test_wheel import PIP, needs_packages

from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.errors import CheckpointError
from edgebert.export import ExportOptions
from edgebert.export.half_precision import overflowing_nodes
from edgebert.export.options import settle
from edgebert.export.targets import shape_for_target
from edgebert.export.traced_file import load_traced
from edgebert.export.tracing import trace
from edgebert.onnx_graph.oldest_onnxruntime import oldest_onnxruntime
from edgebert.onnx_graph.reading import read_graph
from edgebert.onnx_graph.weights import read_weights
from edgebert.records.manifest import EMBEDDINGS
from edgebert.references.pytorch_model import CheckpointModel

TEXTS = ["turn on the lamp", "off", "anna and ben is in the kitchen . tell anna that ben is late !"]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> CheckpointModel:
    folder = make_embedder(tmp_path_factory.mktemp("bert"), "bert")
    return CheckpointModel(open_checkpoint(folder))


@pytest.fixture(scope="module")
def shallow(tmp_path_factory: pytest.TempPathFactory) -> CheckpointModel:
    """Of one layer: enough where each graph is traced anew."""
    folder = make_embedder(tmp_path_factory.mktemp("shallow"), "bert", num_hidden_layers=1)
    return CheckpointModel(open_checkpoint(folder))


@cache
def traced(folder: Path, options: ExportOptions) -> bytes:
    checkpoint = open_checkpoint(folder, task=EMBEDDINGS)
    with TemporaryDirectory() as beside:
        path = Path(beside, "model.onnx")
        trace(checkpoint, path, options)
        return bytes(load_traced(path).SerializeToString())


def shaped(reference: CheckpointModel, folder: Path, options: ExportOptions) -> onnx.ModelProto:
    """The graph for a target, as an export writes it."""
    options = settle(options, reference.max_length)
    fused = replace(
        options, precision=None, target={"gpu": "cpu"}.get(options.target, options.target)
    )
    model = onnx.load_from_string(traced(reference.checkpoint.path, fused))
    shape_for_target(model, options, [reference.encode(TEXTS)])
    del model.graph.value_info[:]
    onnx.save(model, folder / "model.onnx")
    onnx.checker.check_model(str(folder / "model.onnx"))
    return model


def vectors(model: onnx.ModelProto, reference: CheckpointModel) -> np.ndarray:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), quiet(), providers=["CPUExecutionProvider"]
    )
    inputs = reference.encode(TEXTS)
    given = {value.name: inputs[value.name] for value in session.get_inputs()}
    return np.asarray(session.run(["sentence_embedding"], given)[0])


def quiet() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return options


def expected(reference: CheckpointModel) -> np.ndarray:
    return np.asarray(reference.run(reference.encode(TEXTS))["sentence_embedding"])


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def opset(model: onnx.ModelProto) -> int:
    return {entry.domain: int(entry.version) for entry in model.opset_import}[""]


def test_cpu_merges_the_projections_and_leaves_layer_norms_alone(
    reference: CheckpointModel, tmp_path: Path
) -> None:
    model = shaped(reference, tmp_path, ExportOptions())
    found = operators(model)
    assert (found["Attention"], found["MultiHeadAttention"]) == (2, 0)
    assert (found["LayerNormalization"], found["SkipLayerNormalization"]) == (5, 0)
    assert np.abs(vectors(model, reference) - expected(reference)).max() < 1e-5


def test_merged_weights_are_read_under_the_names_of_the_checkpoint(
    reference: CheckpointModel, tmp_path: Path
) -> None:
    shaped(reference, tmp_path, ExportOptions())
    found = read_weights(tmp_path / "model.onnx")
    key = reference.weights()["encoder.layer.1.attention.self.key.weight"].values
    assert np.array_equal(found["encoder.layer.1.attention.self.key.weight"].values, key.T)


def test_a_weight_of_many_layers_is_stored_once(tmp_path: Path) -> None:
    folder = make_embedder(tmp_path / "albert", "albert")
    reference = CheckpointModel(open_checkpoint(folder))
    model = shaped(reference, tmp_path, ExportOptions())
    floats = [t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT]
    values = sum(int(np.prod(tensor.dims)) for tensor in floats if len(tensor.dims) > 1)
    matrices = [w for n, w in reference.weights().items() if w.values.ndim > 1 and "pool" not in n]
    assert values == sum(weight.values.size for weight in matrices)
    assert operators(model)["Attention"] == 2


def test_gpu_fuses_residuals_and_biases_in_half_precision(
    reference: CheckpointModel, tmp_path: Path
) -> None:
    model = shaped(reference, tmp_path, ExportOptions(target="gpu"))
    found = operators(model)
    assert (found["SkipLayerNormalization"], found["BiasGelu"], found["Attention"]) == (4, 2, 2)
    assert {v.type.tensor_type.elem_type for v in model.graph.input} == {onnx.TensorProto.INT64}
    assert {v.type.tensor_type.elem_type for v in model.graph.output} == {onnx.TensorProto.FLOAT}
    matrices = [tensor for tensor in model.graph.initializer if len(tensor.dims) > 1]
    types = {tensor.data_type for tensor in matrices if tensor.data_type != onnx.TensorProto.INT64}
    assert types == {onnx.TensorProto.FLOAT16}
    assert np.abs(vectors(model, reference) - expected(reference)).max() < 2e-3


def test_what_overflows_stays_in_single_precision(tmp_path: Path) -> None:
    folder = make_embedder(tmp_path / "large", "bert")
    model = transformers.AutoModel.from_pretrained(folder)
    with torch.no_grad():
        model.encoder.layer[0].output.dense.weight.mul_(1e5)
    model.save_pretrained(folder)
    reference = CheckpointModel(open_checkpoint(folder))
    single = ExportOptions(target="gpu", precision="fp32")
    blocked = overflowing_nodes(shaped(reference, tmp_path, single), [reference.encode(TEXTS)])
    assert any("layer.0.output.dense" in name for name in blocked)
    assert not any("layer.1" in name for name in blocked)
    half = shaped(reference, tmp_path, ExportOptions(target="gpu"))
    assert np.abs(vectors(half, reference) - expected(reference)).max() < 2e-3
    careless = shaped(reference, tmp_path, single)
    careless = convert_float_to_float16(careless, keep_io_types=True, disable_shape_infer=True)
    assert not np.abs(vectors(careless, reference) - expected(reference)).max() < 0.1


def test_rotary_positions_are_right_in_half_precision(tmp_path: Path) -> None:
    folder = make_family(tmp_path / "modernbert", "modernbert", max_position_embeddings=1024)
    reference = CheckpointModel(open_checkpoint(folder, task=EMBEDDINGS))
    model = shaped(reference, tmp_path, ExportOptions(target="gpu"))
    ids = np.random.default_rng(0).integers(5, 60, (1, 700))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), quiet(), providers=["CPUExecutionProvider"]
    )
    (hidden,) = session.run(["last_hidden_state"], inputs)
    wanted = reference.run(inputs)["last_hidden_state"]
    assert np.abs(hidden - wanted).max() < 0.05 * np.abs(wanted).max()


def test_portable_runs_in_the_reference_evaluator(
    reference: CheckpointModel, tmp_path: Path
) -> None:
    model = shaped(reference, tmp_path, ExportOptions(target="portable"))
    assert {node.domain for node in model.graph.node} == {""}
    assert [entry.domain for entry in model.opset_import] == [""]
    inputs = reference.encode(TEXTS)
    given = {value.name: inputs[value.name] for value in model.graph.input}
    found = ReferenceEvaluator(model).run(["sentence_embedding"], given)[0]
    assert np.abs(found - expected(reference)).max() < 1e-5


def test_npu_is_one_partition_for_coreml(reference: CheckpointModel, tmp_path: Path) -> None:
    options = ExportOptions(target="npu", fixed_shape=(1, 32))
    model = shaped(reference, tmp_path, options)
    assert {
        tuple(d.dim_value for d in v.type.tensor_type.shape.dim) for v in model.graph.input
    } == {(1, 32)}
    with_shapes = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    forecast = usability_checker.check_coreml_partitions(
        with_shapes, True, "coreml_supported_mlprogram_ops.md"
    )
    assert forecast.num_partitions == 1
    assert forecast.unsupported_ops == {"ai.onnx:Gather"}
    inside = Counter(node.op_type for node in forecast.supported_groups[0])
    assert (inside["MatMul"], inside["Softmax"]) == (16, 2)


def test_a_fixed_shape_that_holds_no_text_is_refused() -> None:
    with pytest.raises(CheckpointError, match="a fixed shape of 2 tokens holds no text"):
        settle(ExportOptions(target="npu", fixed_shape=(1, 2)), 64)


def test_npu_answers_as_pytorch_does(reference: CheckpointModel, tmp_path: Path) -> None:
    options = ExportOptions(target="npu", fixed_shape=(1, 32))
    model = shaped(reference, tmp_path, options)
    session = onnxruntime.InferenceSession(model.SerializeToString(), quiet())
    for row, text in enumerate(TEXTS):
        inputs = reference.encode([text])
        padded = {
            name: np.pad(values, ((0, 0), (0, 32 - values.shape[1])))
            for name, values in inputs.items()
        }
        given = {value.name: padded[value.name] for value in session.get_inputs()}
        (found,) = session.run(["sentence_embedding"], given)
        assert np.abs(found[0] - expected(reference)[row]).max() < 1e-5


@pytest.mark.parametrize(
    ("target", "version"),
    [("cpu", 18), ("gpu", 18), ("portable", 18), ("cpu", 23), ("gpu", 23), ("portable", 23)],
)
def test_every_opset_is_the_one_that_was_asked_for(
    target: str, version: int, shallow: CheckpointModel, tmp_path: Path
) -> None:
    options = ExportOptions(target=target, opset=version, precision="fp32")
    model = shaped(shallow, tmp_path, options)
    assert opset(model) == version
    assert np.abs(vectors(model, shallow) - expected(shallow)).max() < 1e-5


def test_the_oldest_onnxruntime_follows_from_opset_and_operators(tmp_path: Path) -> None:
    def oldest(version: int, *nodes: onnx.NodeProto) -> str:
        graph = onnx.helper.make_graph(nodes, "g", [], [])
        opsets = [onnx.helper.make_opsetid("", version)]
        ir_version = onnx.helper.find_min_ir_version_for(opsets, ignore_unknown=True)
        model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)
        onnx.save(model, tmp_path / "model.onnx")
        return oldest_onnxruntime(read_graph(tmp_path / "model.onnx"), tested="1.99.0")

    def attention(name: str, *inputs: str) -> onnx.NodeProto:
        return onnx.helper.make_node(name, inputs, ["y"], domain="com.microsoft")

    assert [oldest(version) for version in (18, 20, 22, 23)] == [
        "1.15.1",
        "1.17.0",
        "1.21.0",
        "1.23.2",
    ]
    assert oldest(18, attention("MultiHeadAttention", "q", "k", "v")) == "1.16.3"
    assert oldest(18, attention("Attention", "x", "w", "b", "m")) == "1.15.1"
    assert oldest(18, attention("Attention", "x", "w", "b", "m", "", "bias")) == "1.20.1"
    assert oldest(99) == "1.99.0"


@pytest.mark.parametrize(
    ("node", "oldest"),
    [
        ("MatMulIntegerToFloat (a, w, s, t, z)", "1.15.1"),
        ("MatMulIntegerToFloat (a, w, s, t, z, , b)", "1.15.1"),
        ("QAttention <num_heads = 4> (x, w, b, s, t, m, z)", "1.15.1"),
        ("FastGelu (x)", "1.15.1"),
        ("MatMulNBits <bits = 4, accuracy_level = 4> (x, w, s)", "1.19.2"),
        ("MatMulNBits <bits = 8, accuracy_level = 4> (x, w, s)", "1.22.0"),
        ("MatMulNBits <bits = 8, accuracy_level = 4> (x, w, s, z)", "1.99.0"),
        ("MatMulNBits <bits = 4> (x, w, s)", "1.99.0"),
        ("MatMulNBits <bits = 2, accuracy_level = 4> (x, w, s)", "1.99.0"),
    ],
)
def test_the_oldest_onnxruntime_follows_from_the_int8_form(
    node: str, oldest: str, tmp_path: Path
) -> None:
    opsets = '<ir_version: 8, opset_import: ["": 18, "com.microsoft": 1]>'
    model = onnx.parser.parse_model(f"{opsets} g () => () {{ y = com.microsoft.{node} }}")
    onnx.save(model, tmp_path / "model.onnx")
    assert oldest_onnxruntime(read_graph(tmp_path / "model.onnx"), tested="1.99.0") == oldest


def test_the_stated_oldest_onnxruntime_gives_the_same_vectors(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    needs_packages(tmp_path)
    oldest = open_bundle(tiny_bundle).manifest.onnxruntime.min
    packages = [f"onnxruntime=={oldest}", "numpy<2"]
    fetched = subprocess.run(
        [*PIP, "install", "--only-binary=:all:", "--target", tmp_path / "old", *packages],
        check=False,
        capture_output=True,
        text=True,
    )
    if fetched.returncode != 0:
        pytest.skip(f"onnxruntime {oldest} has no wheel for this Python")
    golden = json.loads((tiny_bundle / "golden.json").read_text(encoding="utf-8"))["texts"][0]
    ids = np.array([golden["input_ids"]])
    mask = np.array([golden["attention_mask"]])
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    code = (
        "import json, sys, numpy, onnxruntime; "
        "s = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider']); "
        "given = {k: numpy.array(v) for k, v in json.loads(sys.argv[2]).items()}; "
        "y = s.run(['sentence_embedding'], given)[0]; "
        "print(json.dumps([onnxruntime.__version__, y.tolist()]))"
    )
    given = json.dumps({name: values.tolist() for name, values in inputs.items()})
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tiny_bundle / "model.onnx"), given],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "old")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    version, found = json.loads(ran.stdout)
    session = onnxruntime.InferenceSession(str(tiny_bundle / "model.onnx"), quiet())
    (wanted,) = session.run(["sentence_embedding"], inputs)
    assert version == oldest
    assert np.abs(np.array(found) - wanted).max() < 1e-5
