"""Quantization: int8 everywhere it should be, its traps avoided, its drift measured first."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from handmade import (
    WIDTH,
    draw,
    model_of,
    prepared,
    relative_error,
    run,
    samples_of,
    weight,
)

from edgebert.bundle import open_bundle, seal
from edgebert.drift.invariance import batched_runs
from edgebert.errors import BundleError, GateError, InputError, OutputError
from edgebert.measures.invariance import invariance_of
from edgebert.onnx_graph import parts
from edgebert.onnx_graph.in_memory.graph_editor import GraphEditor
from edgebert.onnx_graph.in_memory.model_file import save_model
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.quantize.forms.activation_samples import _batches, _is_one_row, _rows_of
from edgebert.quantize.forms.embeddings import quantize_embeddings
from edgebert.quantize.forms.linear_layers import find_groups
from edgebert.quantize.forms.recipes import Recipes
from edgebert.runtimes import load

TOKEN = QuantizeOptions(scheme="token")
TEXTS = ["turn on the lamp", "off", "anna is in paris , ben is in berlin", "开灯 please"]


def initializers(bundle: Path) -> dict[str, np.ndarray]:
    graph = onnx.load(bundle / "model.onnx").graph
    return {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}


def test_every_matmul_runs_on_int8(tiny_int8: Path) -> None:
    found = Counter(node.op_type for node in onnx.load(tiny_int8 / "model.onnx").graph.node)
    assert found["MatMulIntegerToFloat"] == 8
    assert found["MatMul"] == 1  # pooling, which multiplies by no weight
    coverage = open_bundle(tiny_int8).manifest.coverage
    for part in ("quantized_matmuls", "token_matmuls"):
        assert (coverage[part].expected, coverage[part].found) == (8, 8)


def test_fused_attention_survives(tiny_int8: Path) -> None:
    found = Counter(node.op_type for node in onnx.load(tiny_int8 / "model.onnx").graph.node)
    assert found["MultiHeadAttention"] == 2


def test_weights_have_a_scale_for_each_output_channel(tiny_int8: Path) -> None:
    scales = {n: v for n, v in initializers(tiny_int8).items() if n.endswith("weight_scale")}
    per_channel = [v for v in scales.values() if v.shape in ((64,), (128,), (192,))]
    assert len(per_channel) == 8
    assert all(len(np.unique(v)) > 1 for v in per_channel)


def test_weights_are_signed(tiny_int8: Path) -> None:
    weights = [v for n, v in initializers(tiny_int8).items() if n.endswith("_quantized")]
    assert {v.dtype.name for v in weights} == {"int8"}


def test_word_embeddings_are_int8_rows_with_a_scale_each(tiny_int8: Path) -> None:
    found = initializers(tiny_int8)
    (rows,) = [v for n, v in found.items() if n.endswith("word_embeddings.weight_int8")]
    (scales,) = [v for n, v in found.items() if n.endswith("word_embeddings.weight_scale")]
    assert rows.dtype == np.int8
    assert scales.shape == (rows.shape[0], 1)
    assert not [n for n in found if n.endswith("word_embeddings.weight")]


def test_the_table_is_gathered_before_it_is_scaled_back() -> None:
    table = np.random.default_rng(0).standard_normal((1024, 16)).astype(np.float32)
    table[0] = 0
    model = _lookup(table)
    assert quantize_embeddings(GraphEditor(model)) == ["table"]
    kinds = [node.op_type for node in model.graph.node]
    assert kinds == ["Gather", "Gather", "Cast", "Mul"]
    result = _run(model, np.array([[0, 1, 1023]]))
    assert np.abs(result[0] - table[[0, 1, 1023]]).max() <= np.abs(table).max() / 127 / 2 + 1e-6
    assert not result[0][0].any()


def test_a_small_table_stays() -> None:
    assert quantize_embeddings(GraphEditor(_lookup(np.ones((3, 2), np.float32)))) == []


def test_the_bundle_is_smaller_and_close(tiny_bundle: Path, tiny_int8: Path) -> None:
    fp32, int8 = load(tiny_bundle), load(tiny_int8)
    assert int8.bundle.model_path.stat().st_size < fp32.bundle.model_path.stat().st_size / 2
    cosines = (fp32.embed(TEXTS) * int8.embed(TEXTS)).sum(axis=1)
    assert 0.97 < cosines.min() < 1.0


def test_the_manifest_says_whether_neighbours_matter(
    tiny_int8: Path, tiny_dynamic_int8: Path
) -> None:
    for bundle, scheme in ((tiny_int8, "token"), (tiny_dynamic_int8, "dynamic")):
        quantization = open_bundle(bundle).manifest.quantization
        assert quantization is not None
        assert quantization.scheme == scheme
        assert quantization.batch_invariant is (scheme == "token")


def test_neighbours_matter_to_the_scheme_dynamic_alone(
    tiny_int8: Path, tiny_dynamic_int8: Path
) -> None:
    # what the manifest says is so: activation scales of `dynamic` cover the batch
    assert invariance_of(batched_runs(load(tiny_dynamic_int8), TEXTS)).max_abs > 1e-4
    assert invariance_of(batched_runs(load(tiny_int8), TEXTS)).max_abs == 0


def test_drift_is_measured_before_the_bundle_is_written(tiny_int8: Path) -> None:
    drift = open_bundle(tiny_int8).manifest.drift
    assert drift is not None
    assert 0 < drift.mean <= drift.p99 <= drift.max < 0.1
    assert drift.promises["max_drift"] >= 2 * drift.mean
    assert drift.texts == "built-in texts"


def test_a_bound_that_is_broken_writes_nothing(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"drift .* is above 1e-09") as caught:
        quantize_bundle(
            tiny_bundle, tmp_path / "out", options=QuantizeOptions(scheme="token", max_drift=1e-9)
        )
    assert caught.value.record.failures
    assert caught.value.record.pareto[0].chosen is False
    assert list(tmp_path.iterdir()) == []


def test_a_bound_that_holds_passes(tiny_bundle: Path, tmp_path: Path) -> None:
    record = quantize_bundle(
        tiny_bundle, tmp_path / "out", options=QuantizeOptions(scheme="token", max_drift=0.5)
    )
    assert record.passed
    assert record.thresholds == {"max_drift": 0.5}


def test_drift_is_measured_on_the_texts_that_are_given(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("turn on the lamp\noff\n")
    record = quantize_bundle(
        tiny_bundle,
        tmp_path / "out",
        options=QuantizeOptions(scheme="token", data=tmp_path / "mine.txt"),
    )
    assert (record.drift.n, record.drift.texts) == (2, "mine.txt")


def test_an_int8_bundle_is_not_quantized_again(tiny_int8: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is int8 already"):
        quantize_bundle(tiny_int8, tmp_path / "out")


def test_a_bundle_in_half_precision_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    half = Path(shutil.copytree(tiny_bundle, tmp_path / "half"))
    seal(half, replace(open_bundle(half).manifest, precision="fp16"))
    with pytest.raises(InputError, match=r"is fp16 already; give what .* --precision fp32"):
        quantize_bundle(half, tmp_path / "again")


def test_a_bundle_is_not_replaced_by_its_own_int8_form(tiny_bundle: Path) -> None:
    with pytest.raises(OutputError, match="is or holds the source"):
        quantize_bundle(tiny_bundle, tiny_bundle, force=True)
    assert open_bundle(tiny_bundle).manifest.quantization is None


def test_a_batch_of_weights_stays_float(tmp_path: Path) -> None:
    """Like the relative positions of DeBERTa, whose products have no int8 form."""
    make = onnx.helper
    draw = np.random.default_rng(0).standard_normal
    values = {"batched": draw((4, 16, 8)), "plain": draw((8, 8))}
    graph = make.make_graph(
        [
            make.make_node("MatMul", ["x", "batched"], ["scores"], name="positions"),
            make.make_node("MatMul", ["scores", "plain"], ["y"], name="dense"),
        ],
        "batched",
        [make.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 4, "s", 16])],
        [make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4, "s", 8])],
        [onnx.numpy_helper.from_array(v.astype(np.float32), name) for name, v in values.items()],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 20)], ir_version=10)
    groups = find_groups(GraphEditor(model))
    assert [layer.name for group in groups for layer in group.layers] == ["dense"]


def test_a_changed_source_is_refused(tiny_bundle: Path, tmp_path: Path) -> None:
    changed = Path(shutil.copytree(tiny_bundle, tmp_path / "changed"))
    graph = bytearray((changed / "model.onnx").read_bytes())
    graph[len(graph) // 2] ^= 1
    (changed / "model.onnx").write_bytes(graph)
    with pytest.raises(BundleError, match=r"model\.onnx was changed"):
        quantize_bundle(changed, tmp_path / "out")


def test_a_classifier_is_quantized_too(tiny_classifier_bundle: Path, tmp_path: Path) -> None:
    record = quantize_bundle(tiny_classifier_bundle, tmp_path / "out", options=TOKEN)
    assert record.drift.flips is not None
    assert record.drift.flips < 0.2
    assert load(tmp_path / "out").classify("turn on the lamp").label in {"off", "on", "tell"}


def test_token_classification_keeps_its_entities(tiny_tagger_bundle: Path, tmp_path: Path) -> None:
    record = quantize_bundle(tiny_tagger_bundle, tmp_path / "out", options=TOKEN)
    assert record.drift.flips is not None
    assert record.drift.flips < 0.2
    assert load(tmp_path / "out").tag("anna in paris")


def _lookup(table: np.ndarray, indices: str = "input_ids") -> onnx.ModelProto:
    make = onnx.helper
    graph = make.make_graph(
        [make.make_node("Gather", ["table", indices], ["y"])],
        "lookup",
        [make.make_tensor_value_info(indices, onnx.TensorProto.INT64, ["b", "s"])],
        [make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["b", "s", table.shape[1]])],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    return make.make_model(graph, opset_imports=[make.make_opsetid("", 20)], ir_version=10)


def _run(model: onnx.ModelProto, ids: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString())
    (result,) = session.run(None, {"input_ids": ids.astype(np.int64)})
    return np.asarray(result)


def test_only_what_the_manifest_names_is_copied(tiny_bundle: Path, tmp_path: Path) -> None:
    """Not the half-made bundle itself, where it lies inside its source; nor how it is protected."""
    source = Path(shutil.copytree(tiny_bundle, tmp_path / "fp32"))
    (source / "notes.txt").write_text("mine")
    (source / "1_Pooling").chmod(0o555)
    output = source / "int8"
    quantize_bundle(source, output, options=QuantizeOptions(scheme="dynamic"))
    kept = {path.relative_to(output) for path in output.rglob("*") if path.is_file()}
    there = {path.relative_to(tiny_bundle) for path in tiny_bundle.rglob("*") if path.is_file()}
    assert kept == there
    assert (output / "1_Pooling").stat().st_mode & 0o200
    load(output, verify=True)


def test_calibration_reads_the_prompt_that_the_runtime_puts_before_texts(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    source = Path(shutil.copytree(tiny_bundle, tmp_path / "fp32"))
    manifest = open_bundle(source).manifest
    seal(source, replace(manifest, prompts={"q": "please tell "}, default_prompt="q"))
    (batch,) = _batches(["anna"], load(source))
    assert batch.encodings[0].ids == load(source).tokenizer.encode("please tell anna").ids


def test_a_large_graph_has_its_weights_in_a_file_of_its_own(tmp_path: Path) -> None:
    values = np.arange(6000, dtype=np.float32)
    model = model_of("y = Add(x, w)", {"w": values}, inputs="float[6000] x")
    for name in ("model.onnx", "candidate.onnx", "candidate.onnx"):  # twice: written anew
        save_model(model, tmp_path / name, external_data_bytes=10_000)
        (found,) = run(tmp_path / name, x=values)
        assert np.array_equal(found, 2 * values)
    data = {path.name: path.stat() for path in tmp_path.iterdir() if "data" in path.name}
    assert data.keys() == {"model.onnx_data", "candidate.onnx_data"}
    assert all(stat.st_size == values.nbytes for stat in data.values())
    assert all(stat.st_mode == (tmp_path / "model.onnx").stat().st_mode for stat in data.values())


def test_a_product_that_a_subgraph_reads_too_keeps_its_name(tmp_path: Path) -> None:
    nodes = """
        p = MatMul(x, w)
        a = Add(p, b)
        c = If(flag) <
            then_branch = yes () => (z) { z = Identity(p) },
            else_branch = no () => (z) { z = Neg(p) }
        >
        y = Add(a, c)
    """
    constants = {"w": weight(WIDTH, 48, seed=1), "b": draw(48, seed=2)}
    inputs = f"float[batch, sequence, {WIDTH}] x, bool flag"
    model = model_of(nodes, constants, inputs=inputs)
    x, flag = draw(2, 5, WIDTH), np.array(True)
    (right,) = run(model, x=x, flag=flag)
    graph = prepared(model, tmp_path)
    samples = samples_of(graph, x=x, flag=flag)
    recipes = Recipes(graph, samples, contrib=True, saturates=False)
    for form in (parts.TOKEN, parts.STATIC, parts.DYNAMIC, parts.WEIGHT_ONLY):
        recipes.write({group.name: form for group in graph.groups}, tmp_path / "int8.onnx")
        (found,) = run(tmp_path / "int8.onnx", x=x, flag=flag)
        assert relative_error(found, right) < 0.2  # of its own inputs, `dynamic` takes one scale


def test_tokens_of_all_texts_in_one_axis_are_tokens() -> None:
    mask = np.array([[True, True, False], [True, True, True]])
    keys = np.arange(6.0).reshape(2, 3)
    packed = np.arange(12, dtype=np.float32).reshape(6, 2)
    rows, kept = _rows_of(packed, mask, keys, 2)
    assert rows[:, 0].tolist() == [0, 2, 6, 8, 10]
    assert kept.tolist() == [0, 1, 3, 4, 5]
    assert not _is_one_row(packed, mask)
    assert _is_one_row(packed[:2], mask)
