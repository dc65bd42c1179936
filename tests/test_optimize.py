"""Exports of other tools, fused and proved against what they were (see fixtures/make_foreign.py)."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnxruntime.quantization import quantize_dynamic

from edgebert.bundle import open_bundle
from edgebert.cli import main
from edgebert.doctor import examine
from edgebert.errors import GateError, InputError, OutputError
from edgebert.export import OptimizeOptions, optimize_export
from edgebert.export.foreign.graph import EncoderSession, open_plainly
from edgebert.export.foreign.parity import parity_with_original, read_outputs
from edgebert.export.parity.batches import InputSpace, parity_batches
from edgebert.records.codec import write_json
from edgebert.records.made import OptimizeRecord, ParityCase
from edgebert.references.onnx_file import open_onnx_file
from edgebert.report import write_report
from edgebert.runtimes import load

FOREIGN = Path(__file__).parent / "fixtures" / "foreign"
FILES = sorted(path.name for path in FOREIGN.glob("*-*-[45]*.onnx"))
FOLDERS = ("optimum-4.57", "sentence-transformers", "transformers-js")
NO_TEXTS = {name: np.zeros((0, 1), np.int64) for name in ("input_ids", "attention_mask")}


def largest(cases: tuple[ParityCase, ...]) -> float:
    return max(case.badness for case in cases)


def parity(original: Path, path: Path) -> tuple[ParityCase, ...]:
    session = EncoderSession(open_plainly(original))
    space = InputSpace(session.names, vocabulary_size=60, pad_id=0, max_length=40)
    batches = parity_batches(space, NO_TEXTS)
    return parity_with_original(session.run, path, batches, read_outputs(session))


def operators(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path).graph.node)


@pytest.fixture(scope="module")
def optimized(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OptimizeRecord]:
    """Every fixture, optimized once; the record says where it lies."""
    folder = tmp_path_factory.mktemp("optimized")
    return {name: optimize_export(FOREIGN / name, folder / name) for name in (*FILES, *FOLDERS)}


# what is fused


@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
def test_every_export_is_fused_throughout(name: str, optimized: dict[str, OptimizeRecord]) -> None:
    record = optimized[name]
    assert record.before["attention"] == 0
    assert {kind: (c.found, c.expected) for kind, c in record.coverage.items()} == {
        "attention": (2, 2),
        "layer_norm": (5, 5),
        "gelu": (2, 2),
    }
    assert record.unfused == ()
    assert 2 * record.after["nodes"] < record.before["nodes"]


@pytest.mark.parametrize("name", [*FILES, *FOLDERS])
def test_every_export_equals_its_original(name: str, optimized: dict[str, OptimizeRecord]) -> None:
    record = optimized[name]
    assert record.passed
    assert len({case.session for case in record.parity}) >= 5  # ours, and each level
    assert {"left padding", "holes", "all-padding row"} <= {case.name for case in record.parity}
    assert 0 < largest(record.parity) < 2e-5 < record.atol


def test_the_files_of_the_fixtures_are_all_there() -> None:
    assert len(FILES) == 6
    assert max(path.stat().st_size for path in FOREIGN.rglob("*.onnx")) <= 200_000


def test_nothing_is_left_of_the_mask_but_a_cast(optimized: dict[str, OptimizeRecord]) -> None:
    found = operators(Path(optimized["ts-sdpa-5.onnx"].output))
    assert (found["Softmax"], found["IsNaN"], found["Expand"], found["Cast"]) == (0, 0, 0, 1)


def test_layers_carry_their_names(optimized: dict[str, OptimizeRecord]) -> None:
    graph = onnx.load(optimized["ts-eager-5.onnx"].output).graph
    names = {node.name for node in graph.node if node.op_type == "MatMul"}
    assert "encoder.layer.1.output.dense" in names


def test_the_outputs_of_a_lone_graph_keep_their_names(
    optimized: dict[str, OptimizeRecord],
) -> None:
    graph = onnx.load(optimized["dynamo-sdpa-5.onnx"].output).graph
    assert [value.name for value in graph.output] == ["last_hidden_state", "pooler_output"]


# the gate


@pytest.mark.parametrize("mistake", ["scale", "heads", "mask", "query and key", "epsilon", "gelu"])
def test_a_wrong_fusion_fails_by_far(
    mistake: str, optimized: dict[str, OptimizeRecord], tmp_path: Path
) -> None:
    record = optimized["ts-sdpa-5.onnx"]
    model = onnx.load(record.output)
    for node in model.graph.node:
        damage(node, mistake)
    onnx.save(model, tmp_path / "wrong.onnx")
    assert largest(parity(Path(record.source), tmp_path / "wrong.onnx")) > 100 * record.atol


def damage(node: onnx.NodeProto, mistake: str) -> None:
    set_attribute = {a.name: a for a in node.attribute}
    if node.op_type in ("Attention", "MultiHeadAttention"):
        if mistake == "scale":
            set_attribute["scale"].f *= 2
        if mistake == "heads":
            set_attribute["num_heads"].i //= 2
        if mistake == "mask":
            node.input[3 if node.op_type == "Attention" else 4] = ""
        if mistake == "query and key" and node.op_type == "Attention":
            sizes = onnx.helper.make_attribute("unidirectional", 1)  # each token sees the past
            node.attribute.append(sizes)
    if node.op_type == "LayerNormalization" and mistake == "epsilon":
        set_attribute["epsilon"].f = 0.1
    if node.op_type == "Gelu" and mistake == "gelu":
        node.op_type = "Relu"
        del node.attribute[:]


def test_a_fusion_that_assumes_right_padding_fails() -> None:
    # onnxruntime's own: it keeps the mask as an index of where padding begins
    cases = parity(FOREIGN / "ts-eager-5.onnx", FOREIGN / "fused-by-onnxruntime.onnx")
    worst = {case.name: case.badness for case in sorted(cases, key=lambda case: case.badness)}
    assert worst["right padding"] < 1e-4
    assert min(worst["left padding"], worst["holes"]) > 1


def test_a_gate_that_says_no_leaves_nothing_but_the_record(tmp_path: Path) -> None:
    strict = OptimizeOptions(atol=1e-12)
    for name, output in (("ts-sdpa-5.onnx", "out.onnx"), ("sentence-transformers", "out")):
        with pytest.raises(GateError, match="parity with the original is off") as caught:
            optimize_export(FOREIGN / name, tmp_path / output, options=strict)
        assert caught.value.record.passed is False
        assert caught.value.record.failures
    assert list(tmp_path.iterdir()) == []


# bundles


def test_a_folder_becomes_a_bundle_that_passes_its_doctor(
    optimized: dict[str, OptimizeRecord],
) -> None:
    for name in FOLDERS:
        assert examine(Path(optimized[name].output)).passed


def test_a_sentence_transformers_folder_keeps_its_pooling(
    optimized: dict[str, OptimizeRecord],
) -> None:
    bundle = Path(optimized["sentence-transformers"].output)
    manifest = open_bundle(bundle).manifest
    assert (manifest.pooling, manifest.normalize, manifest.max_length) == ("mean", True, 40)
    assert manifest.outputs == ("last_hidden_state", "sentence_embedding")
    truncation = json.loads((bundle / "tokenizer.json").read_text())["truncation"]
    assert truncation["max_length"] == 40
    texts = ["turn on the lamp", "", "anna is in paris . tell ben"]
    reference = open_onnx_file(FOREIGN / "sentence-transformers/onnx/model.onnx").outputs(texts)
    vectors = load(bundle).embed(texts)
    assert np.abs(vectors - np.stack(reference)).max() < 1e-5
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


@pytest.mark.parametrize("pooling", ["cls", "lasttoken"])
def test_other_poolings_are_appended_too(pooling: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOREIGN / "sentence-transformers", tmp_path / "source"))
    (folder / "1_Pooling/config.json").write_text(json.dumps({"pooling_mode": pooling}))
    record = optimize_export(folder, tmp_path / "out")
    assert record.passed
    assert open_bundle(tmp_path / "out").manifest.pooling == pooling


def test_the_sentence_embedding_of_optimum_is_kept(optimized: dict[str, OptimizeRecord]) -> None:
    graph = onnx.load(Path(optimized["optimum-4.57"].output) / "model.onnx").graph
    assert [v.name for v in graph.output] == ["last_hidden_state", "sentence_embedding"]
    source = EncoderSession(open_plainly(FOREIGN / "optimum-4.57/model.onnx"))
    assert source.outputs == ("token_embeddings", "sentence_embedding")


def test_a_head_in_the_layout_of_transformers_js_classifies(
    optimized: dict[str, OptimizeRecord],
) -> None:
    model = load(optimized["transformers-js"].output)
    assert model.labels == ("off", "on", "tell")
    assert model.classify("turn on the lamp").label in model.labels


def test_max_length_can_be_chosen(tmp_path: Path) -> None:
    optimize_export(
        FOREIGN / "sentence-transformers", tmp_path / "out", options=OptimizeOptions(max_length=20)
    )
    assert open_bundle(tmp_path / "out").manifest.max_length == 20
    for source, output in (("ts-sdpa-5.onnx", "two.onnx"), ("ts-eager-5.onnx", "three.onnx")):
        with pytest.raises(InputError, match="takes at most 48 tokens, not 64"):
            options = OptimizeOptions(max_length=64)
            optimize_export(FOREIGN / source, tmp_path / output, options=options)


# nothing to do, and what cannot be done


def test_a_fused_file_is_copied_as_it_is(tmp_path: Path) -> None:
    source = FOREIGN / "fused-by-onnxruntime.onnx"
    result = CliRunner().invoke(main, ["optimize", str(source), "-o", str(tmp_path / "out.onnx")])
    assert result.exit_code == 0, result.output
    assert "nothing to do" in result.output
    assert (tmp_path / "out.onnx").read_bytes() == source.read_bytes()


def test_optimizing_twice_changes_nothing_more(
    optimized: dict[str, OptimizeRecord], tmp_path: Path
) -> None:
    record = optimize_export(optimized["dynamo-eager-5.onnx"].output, tmp_path / "out.onnx")
    assert record.changed is False


def test_a_fused_file_with_weights_beside_it_becomes_one_file(tmp_path: Path) -> None:
    model = onnx.load(FOREIGN / "fused-by-onnxruntime.onnx")
    (tmp_path / "source").mkdir()
    source = tmp_path / "source/model.onnx"
    onnx.save(model, source, save_as_external_data=True, location="weights", size_threshold=100)
    record = optimize_export(source, tmp_path / "out.onnx")
    assert (record.changed, record.passed) == (False, True)
    assert open_plainly(tmp_path / "out.onnx").get_outputs()


def test_the_command_tells_what_it_fused(tmp_path: Path) -> None:
    arguments = ["optimize", str(FOREIGN / "ts-sdpa-4.57.onnx"), "-o", str(tmp_path / "out.onnx")]
    result = CliRunner().invoke(main, [*arguments, "--json", str(tmp_path / "record.json")])
    assert result.exit_code == 0, result.output
    assert "attention is fused in 2 of 2 places" in result.output
    record = json.loads((tmp_path / "record.json").read_text())
    assert (record["record"], record["before"]["layer_norm"]) == ("optimize", 0)
    again = CliRunner().invoke(main, arguments)
    assert (again.exit_code, "--force" in again.output) == (1, True)
    assert CliRunner().invoke(main, [*arguments, "--force", "--atol", "1e-12"]).exit_code == 3


def test_its_record_can_be_reported(optimized: dict[str, OptimizeRecord], tmp_path: Path) -> None:
    write_json(optimized["optimum-4.57"], tmp_path / "optimize.json")
    write_report([tmp_path / "optimize.json"], tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "against the graph it was made of" in page
    assert "attention" in page


def _lone(tmp_path: Path, name: str) -> Path:
    """A graph that cannot be optimized."""
    path, source = tmp_path / f"{name}.onnx", FOREIGN / "ts-sdpa-5.onnx"
    model = onnx.load(source)
    if name == "cut":
        path.write_bytes(source.read_bytes()[:60_000])
        return path
    if name == "int8":
        quantize_dynamic(source, path)
        return path
    if name == "half":
        tensor = model.graph.initializer[0]
        values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    if name == "image":
        model.graph.input[0].name = "pixel_values"
    if name == "strange":
        model.graph.input.append(onnx.helper.make_tensor_value_info("head_mask", 1, [2]))
    onnx.save(model, path)
    return path


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cut", "is damaged"),
        ("int8", "is quantized already"),
        ("half", "is in half precision"),
        ("image", "no input_ids"),
        ("strange", "takes head_mask"),
    ],
)
def test_what_is_no_float_encoder_is_refused_in_one_line(
    name: str, reason: str, tmp_path: Path
) -> None:
    path = _lone(tmp_path, name)
    result = CliRunner().invoke(main, ["optimize", str(path), "-o", str(tmp_path / "out.onnx")])
    assert result.exit_code == 1
    assert str(path) in result.output
    assert reason in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not (tmp_path / "out.onnx").exists()


def test_weights_outside_the_folder_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    model = onnx.load(FOREIGN / "ts-sdpa-5.onnx")
    path = folder / "model.onnx"
    onnx.save(model, path, save_as_external_data=True, location="weights", size_threshold=100)
    (folder / "weights").rename(tmp_path / "weights")
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../weights"
    onnx.save(model, path)
    with pytest.raises(InputError, match="outside its folder"):
        optimize_export(path, tmp_path / "out.onnx")


def test_of_several_graphs_model_onnx_is_taken(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOREIGN / "transformers-js", tmp_path / "source"))
    graph = folder / "onnx/model.onnx"
    shutil.copyfile(graph, graph.with_name("model_quantized.onnx"))
    record = optimize_export(folder, tmp_path / "out")
    assert record.graph == str(graph)
    graph.rename(graph.with_name("other.onnx"))
    with pytest.raises(InputError, match=r"several graphs and no model\.onnx: .*other\.onnx"):
        optimize_export(folder, tmp_path / "two")


def test_a_folder_without_a_graph_or_a_tokenizer_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"has no \.onnx file"):
        optimize_export(tmp_path / "empty", tmp_path / "out")
    folder = Path(shutil.copytree(FOREIGN / "transformers-js", tmp_path / "source"))
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"has no tokenizer\.json"):
        optimize_export(folder, tmp_path / "out")
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match=r"name the \.onnx file instead"):
        optimize_export(folder, tmp_path / "out")


def test_a_file_gives_a_file_and_nothing_is_written_over(tmp_path: Path) -> None:
    source = FOREIGN / "ts-sdpa-5.onnx"
    with pytest.raises(InputError, match=r"a lone \.onnx file becomes a lone \.onnx file"):
        optimize_export(source, tmp_path / "bundle")
    copy = Path(shutil.copyfile(source, tmp_path / "copy.onnx"))
    with pytest.raises(OutputError, match="exists"):
        optimize_export(source, copy)
    with pytest.raises(OutputError, match="is or holds the source"):
        optimize_export(copy, copy, force=True)


# other shapes of graphs


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("optimum-4.57", "text-classification"),
        ("transformers-js", "token-classification"),
        ("transformers-js", "question-answering"),
    ],
)
def test_a_task_that_the_graph_does_not_answer_is_refused(
    name: str, task: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=f"gives .*; {task} needs .*logits"):
        optimize_export(FOREIGN / name, tmp_path / "out", options=OptimizeOptions(task=task))
    assert list(tmp_path.iterdir()) == []


def test_as_many_labels_as_a_probe_has_tokens_are_no_tokens(tmp_path: Path) -> None:
    make = onnx.helper
    graph = make.make_graph(
        [
            make.make_node("Gather", ["table", "input_ids"], ["tokens"]),
            make.make_node("ReduceSum", ["tokens", "axis"], ["logits"], keepdims=0),
        ],
        "seven labels",
        [make.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, ["b", "s"])],
        [make.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["b", 7])],
        [
            onnx.numpy_helper.from_array(np.ones((9, 7), np.float32), "table"),
            onnx.numpy_helper.from_array(np.array([1], np.int64), "axis"),
        ],
    )
    path = tmp_path / "seven.onnx"
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=9), path)
    reading = read_outputs(EncoderSession(open_plainly(path)))
    assert reading.by_token == frozenset()


def test_a_graph_of_fixed_shape_stays_of_fixed_shape(tmp_path: Path) -> None:
    model = onnx.load(FOREIGN / "ts-sdpa-5.onnx")
    for value in model.graph.input:
        for dimension, size in zip(value.type.tensor_type.shape.dim, (2, 16), strict=True):
            dimension.Clear()
            dimension.dim_value = size
    onnx.save(model, tmp_path / "fixed.onnx")
    record = optimize_export(tmp_path / "fixed.onnx", tmp_path / "out.onnx")
    assert record.coverage["attention"].found == 2
    assert {(case.batch, case.length) for case in record.parity} == {(2, 16)}


def test_positions_that_are_an_input_stay_one(tmp_path: Path) -> None:
    model = onnx.load(FOREIGN / "dynamo-sdpa-5.onnx")
    (gather,) = (n for n in model.graph.node if n.input and "position_embeddings" in n.input[0])
    gather.input[1] = "position_ids"
    kind = onnx.TensorProto.INT64
    model.graph.input.append(
        onnx.helper.make_tensor_value_info("position_ids", kind, ["batch", "sequence"])
    )
    onnx.save(model, tmp_path / "positions.onnx")
    record = optimize_export(tmp_path / "positions.onnx", tmp_path / "out.onnx")
    assert record.coverage["attention"].found == 2


def test_large_weights_of_a_folder_go_into_a_file_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgebert.onnx_graph.in_memory.model_file.EXTERNAL_DATA_BYTES", 10_000)
    assert optimize_export(FOREIGN / "transformers-js", tmp_path / "out").passed
    assert "model.onnx_data" in open_bundle(tmp_path / "out").manifest.files
    with pytest.raises(InputError, match="does not fit into one file"):
        optimize_export(FOREIGN / "ts-sdpa-5.onnx", tmp_path / "out.onnx")


def test_optimizing_needs_neither_torch_nor_transformers(tmp_path: Path) -> None:
    code = (
        "import sys; from edgebert.export import optimize_export; "
        f"optimize_export({str(FOREIGN / 'transformers-js')!r}, {str(tmp_path / 'out')!r}); "
        "sys.exit(bool({'torch', 'transformers', 'optimum'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
