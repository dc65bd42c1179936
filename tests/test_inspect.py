"""What inspect tells about a graph or a bundle, on graphs whose answer is known."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from edgebert.bundle import open_bundle, seal
from edgebert.cli.prove.inspect import show_inspect
from edgebert.errors import BundleError, InputError
from edgebert.inspect import count_coverage, inspect_path
from edgebert.onnx_graph.reading import read_graph
from edgebert.records.codec import from_dict, to_dict
from edgebert.records.inspected import InspectRecord

VOCABULARY, HIDDEN, FFN = 50, 8, 16


def save(path: Path, nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray]) -> Path:
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


def weight(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


@pytest.fixture
def float_model(tmp_path: Path) -> Path:
    """A table, a plain and a transposed weight, and a product of two values that is no weight."""
    node = helper.make_node
    return save(
        tmp_path / "float.onnx",
        [
            node("Gather", ["table", "input_ids"], ["x"]),
            node("MatMul", ["x", "w1"], ["h"], name="ffn_1"),
            node("Gelu", ["h"], ["g"]),
            node("Transpose", ["w2"], ["w2_t"], perm=[1, 0]),
            node("MatMul", ["g", "w2_t"], ["o"], name="ffn_2"),
            node("Transpose", ["o"], ["o_t"], perm=[0, 2, 1]),
            node("MatMul", ["o", "o_t"], ["scores"], name="scores"),
            node("Softmax", ["scores"], ["p"]),
            node("MatMul", ["p", "o"], ["a"], name="mix"),
            node("LayerNormalization", ["a", "gain", "bias"], ["y"]),
        ],
        {
            "table": weight(VOCABULARY, HIDDEN),
            "w1": weight(HIDDEN, FFN),
            "w2": weight(HIDDEN, FFN),
            "gain": weight(HIDDEN),
            "bias": weight(HIDDEN),
        },
    )


@pytest.fixture
def int8_model(float_model: Path, tmp_path: Path) -> Path:
    path = tmp_path / "int8.onnx"
    options = {"MatMulConstBOnly": True}
    matmuls = ["MatMul"]
    quantize_dynamic(
        float_model,
        path,
        op_types_to_quantize=matmuls,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=["ffn_2"],
        extra_options=options,
    )
    return path


def test_operators_are_counted_most_first(float_model: Path) -> None:
    operators = inspect_path(float_model).operators
    assert operators == {
        "MatMul": 4,
        "Gather": 1,
        "Gelu": 1,
        "LayerNormalization": 1,
        "Softmax": 1,
        "Transpose": 2,
    }
    assert list(operators.values()) == [4, 2, 1, 1, 1, 1]


def test_an_operator_outside_onnx_is_named_with_its_domain(tmp_path: Path) -> None:
    attention = helper.make_node(
        "MultiHeadAttention", ["q"], ["y"], domain="com.microsoft", num_heads=2
    )
    path = save(tmp_path / "attention.onnx", [attention], {})
    assert inspect_path(path).operators == {"com.microsoft.MultiHeadAttention": 1}


def test_only_products_with_a_constant_count_as_weights(float_model: Path) -> None:
    quantized = inspect_path(float_model).quantized
    assert (quantized.matmuls, quantized.int8, quantized.layers) == (2, 0, ())
    assert quantized.float_layers == ("ffn_1", "ffn_2")


def test_sizes_are_the_bytes_of_the_weights_by_part(float_model: Path) -> None:
    sizes = inspect_path(float_model).sizes
    assert sizes["embeddings"] == VOCABULARY * HIDDEN * 4
    assert sizes["matmul_weights"] == 2 * HIDDEN * FFN * 4
    assert sizes["other_weights"] == 2 * HIDDEN * 4
    assert sizes["model"] == float_model.stat().st_size


def test_a_model_with_its_weights_beside_it_is_sized_whole(
    float_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "beside.onnx"
    onnx.save(
        onnx.load(float_model),
        path,
        save_as_external_data=True,
        location="beside.data",
        size_threshold=0,
    )
    beside = (tmp_path / "beside.data").stat().st_size
    assert inspect_path(path).sizes["model"] == path.stat().st_size + beside


def test_what_runs_on_int8_is_told_from_what_does_not(int8_model: Path) -> None:
    quantized = inspect_path(int8_model).quantized
    assert (quantized.matmuls, quantized.int8) == (2, 1)
    assert quantized.layers == ("ffn_1",)
    assert quantized.float_layers == ("ffn_2",)


def test_an_int8_weight_takes_a_quarter(float_model: Path, int8_model: Path) -> None:
    before, after = (inspect_path(path).sizes for path in (float_model, int8_model))
    assert before["matmul_weights"] - after["matmul_weights"] == HIDDEN * FFN * 3


@pytest.mark.parametrize(("activation", "int8"), [("x_dequantized", 1), ("x", 0)])
def test_a_dequantized_weight_runs_on_int8_only_beside_a_dequantized_value(
    tmp_path: Path, activation: str, int8: int
) -> None:
    node = helper.make_node
    path = save(
        tmp_path / "qdq.onnx",
        [
            node("Gather", ["table", "input_ids"], ["x"]),
            node("QuantizeLinear", ["x", "scale", "zero"], ["x_quantized"]),
            node("DequantizeLinear", ["x_quantized", "scale", "zero"], ["x_dequantized"]),
            node("DequantizeLinear", ["w", "scale"], ["w_dequantized"]),
            node("MatMul", [activation, "w_dequantized"], ["y"], name="ffn"),
        ],
        {
            "table": weight(VOCABULARY, HIDDEN),
            "scale": np.array(0.1, np.float32),
            "zero": np.array(128, np.uint8),
            "w": np.ones((HIDDEN, FFN), np.int8),
        },
    )
    quantized = inspect_path(path).quantized
    assert (quantized.matmuls, quantized.int8) == (1, int8)


def test_a_float_model_with_loose_attention_names_that_alone(float_model: Path) -> None:
    assert inspect_path(float_model).risks == ("attention is not fused: 1 Softmax found",)


def test_a_dynamic_int8_model_names_saturation_and_neighbours(int8_model: Path) -> None:
    saturation, neighbours, _ = inspect_path(int8_model).risks
    assert saturation.startswith("1 MatMuls multiply u8 by s8")
    assert "session.x64quantprecision=1" in saturation
    assert "a text's answer depends on its neighbours" in neighbours


def test_u8_weights_do_not_saturate(float_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "u8.onnx"
    quantize_dynamic(float_model, path, weight_type=QuantType.QUInt8)
    record = inspect_path(path)
    assert record.quantized.int8 > 0
    assert not any("u8 by s8" in risk for risk in record.risks)


def test_a_circle_of_nodes_does_not_hang(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Transpose", ["a"], ["b"]),
        helper.make_node("Transpose", ["b"], ["a"]),
        helper.make_node("MatMul", ["a", "b"], ["y"]),
    ]
    assert inspect_path(save(tmp_path / "circle.onnx", nodes, {})).quantized.matmuls == 0


def test_a_bundle_is_recounted_against_its_manifest(tiny_bundle: Path) -> None:
    coverage = inspect_path(tiny_bundle).coverage
    assert coverage == open_bundle(tiny_bundle).manifest.coverage
    assert coverage["attention"].found == coverage["attention"].expected > 0
    assert count_coverage(read_graph(tiny_bundle / "model.onnx"))["gelu"] > 0


def test_a_bundle_says_what_it_was_made_for_and_what_is_not_fused(
    tiny_bundle: Path, float_model: Path, tmp_path: Path
) -> None:
    assert "for cpu, takes any shape" in show_inspect(inspect_path(tiny_bundle))
    changed = Path(shutil.copytree(tiny_bundle, tmp_path / "npu"))
    unfused = {"attention": "no such operator"}
    manifest = open_bundle(tiny_bundle).manifest
    seal(changed, replace(manifest, target="npu", fixed_shape=(1, 32), unfused=unfused))
    shown = show_inspect(inspect_path(changed))
    assert "for npu, takes 1 x 32 tokens and nothing else" in shown
    assert "not fused: attention (no such operator)" in shown
    assert "coverage: not stated" in show_inspect(inspect_path(float_model))


def test_a_fusion_lost_after_the_export_shows(
    tiny_bundle: Path, float_model: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(tiny_bundle, changed)
    shutil.copy(float_model, changed / "model.onnx")
    expected = seal(changed, open_bundle(tiny_bundle).manifest).manifest.coverage["attention"]
    attention = inspect_path(changed).coverage["attention"]
    assert (attention.expected, attention.found) == (expected.expected, 0)


def test_the_files_of_a_bundle_add_up(tiny_bundle: Path) -> None:
    sizes = inspect_path(tiny_bundle).sizes
    assert sizes["model"] + sizes["tokenizer"] + sizes["other_files"] == sizes["total"]
    assert sizes["total"] == sum(f.stat().st_size for f in tiny_bundle.rglob("*") if f.is_file())
    assert sizes["embeddings"] + sizes["matmul_weights"] + sizes["other_weights"] < sizes["model"]


def test_the_record_survives_json(tiny_bundle: Path) -> None:
    record = inspect_path(tiny_bundle)
    assert from_dict(InspectRecord, to_dict(record)) == record


def test_a_bundle_with_a_missing_file_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(tiny_bundle, changed)
    (changed / "tokenizer.json").unlink()
    with pytest.raises(BundleError, match=r"is damaged: tokenizer\.json is missing$"):
        inspect_path(changed)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is neither a bundle nor an \.onnx file: inspect takes"):
        inspect_path(tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.onnx does not exist: inspect takes"):
        inspect_path(tmp_path / "model.onnx")
