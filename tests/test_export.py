"""Export: fused by construction, pooled in the graph, proved against PyTorch or not written."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
import transformers
from tiny import VOCABULARY, redraw, write_tokenizer

from edgebert.bundle import open_bundle, seal
from edgebert.checkpoint import open_checkpoint
from edgebert.data import Text
from edgebert.drift.checkpoint import CheckpointModel
from edgebert.errors import CheckpointError, GateError
from edgebert.export import ExportOptions, export_model
from edgebert.export.coverage import coverage_of, lost_coverage
from edgebert.export.parity import failed_parity, parity_cases
from edgebert.export.passes.idle_reshapes import drop_idle_reshapes
from edgebert.records.made import ParityCase
from edgebert.runtimes import Model, load
from edgebert.runtimes.encoding import encode, micro_batches

RAGGED = [
    "turn on the lamp",
    "off",
    "anna and ben is in the kitchen . tell anna that ben is late !",
    "",
]


def operators(bundle: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(bundle / "model.onnx").graph.node)


def test_attention_is_fused_in_every_layer(tiny_bundle: Path) -> None:
    found = operators(tiny_bundle)
    assert found["MultiHeadAttention"] == 2
    assert found["Softmax"] == 0
    assert found["LayerNormalization"] == 5
    assert found["Gelu"] == 2


def test_no_reshape_is_left_around_attention(tiny_bundle: Path) -> None:
    assert operators(tiny_bundle)["Reshape"] == 0


def test_matmuls_carry_the_names_of_their_layers(tiny_bundle: Path) -> None:
    graph = onnx.load(tiny_bundle / "model.onnx").graph
    names = {node.name for node in graph.node if node.op_type == "MatMul"}
    assert "encoder.layer.1.attention.self.query" in names
    assert len(names) == 12


def test_the_manifest_states_the_coverage(tiny_bundle: Path) -> None:
    coverage = open_bundle(tiny_bundle).manifest.coverage
    assert {name: (c.expected, c.found) for name, c in coverage.items()} == {
        "attention": (2, 2),
        "layer_norm": (5, 5),
        "gelu": (2, 2),
    }


def test_a_lost_fusion_is_named(tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    model = onnx.load(tiny_bundle / "model.onnx")
    for node in model.graph.node:
        if node.op_type == "MultiHeadAttention":
            node.op_type = "UnfusedAttention"
            break
    onnx.save(model, tmp_path / "lost.onnx")
    config = CheckpointModel(open_checkpoint(tiny_embedder)).model.config
    lost = lost_coverage(coverage_of(tmp_path / "lost.onnx", config, layer_norms=5))
    assert lost == ["attention is fused in 1 of 2 places"]


def test_an_export_without_fused_attention_is_refused(
    tiny_embedder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the traced model silently takes PyTorch's own attention, as other exporters do
    monkeypatch.setattr("edgebert.export.tracing.FUSED_ATTENTION", "eager")
    with pytest.raises(GateError, match="attention is fused in 0 of 2 places") as caught:
        export_model(tiny_embedder, tmp_path / "out")
    assert caught.value.record.passed is False
    assert list(tmp_path.iterdir()) == []


def test_vectors_equal_pytorch_on_a_ragged_batch(tiny_bundle: Path, tiny_embedder: Path) -> None:
    reference = CheckpointModel(open_checkpoint(tiny_embedder)).outputs(RAGGED)
    assert np.abs(load(tiny_bundle).embed(RAGGED) - np.stack(reference)).max() < 1e-5


def test_logits_equal_pytorch_for_pairs(
    tiny_classifier_bundle: Path, tiny_classifier: Path
) -> None:
    texts: list[Text] = ["turn on the lamp", ("anna is late", "tell ben that anna is late")]
    reference = CheckpointModel(open_checkpoint(tiny_classifier))
    expected = [reference.outputs([text])[0] for text in texts]
    found = load(tiny_classifier_bundle).outputs(texts)
    assert np.abs(np.stack(found) - np.stack(expected)).max() < 1e-4


def test_cls_pooling_without_normalization_is_read_from_the_folder(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_embedder, tmp_path / "cls"))
    (folder / "1_Pooling/config.json").write_text(json.dumps({"pooling_mode_cls_token": True}))
    modules = json.loads((folder / "modules.json").read_text())[:2]
    (folder / "modules.json").write_text(json.dumps(modules))
    export_model(folder, tmp_path / "out")
    model = load(tmp_path / "out")
    hidden = _hidden(model, "turn on the lamp")
    assert np.allclose(model.embed("turn on the lamp"), hidden[0], atol=1e-6)
    assert not np.isclose(np.linalg.norm(hidden[0]), 1.0, atol=1e-2)


def test_mean_pooling_is_the_mean_of_the_token_vectors(tiny_bundle: Path) -> None:
    model = load(tiny_bundle)
    mean = _hidden(model, "anna is in paris").mean(axis=0)
    assert np.allclose(model.embed("anna is in paris"), mean / np.linalg.norm(mean), atol=1e-6)


def test_max_length_comes_from_the_sentence_transformers_file(tiny_bundle: Path) -> None:
    assert open_bundle(tiny_bundle).manifest.max_length == 48
    tokenizer = json.loads((tiny_bundle / "tokenizer.json").read_text(encoding="utf-8"))
    assert tokenizer["truncation"]["max_length"] == 48
    assert tokenizer["padding"] is None


@pytest.mark.parametrize(
    "damage",
    [
        "encoder.layer.0.attention.self.query.bias",
        "encoder.layer.1.output.dense.bias",
        "encoder.layer.1.output.LayerNorm.weight",
        "embeddings.position_embeddings.weight",
        "embeddings.token_type_embeddings.weight",
    ],
)
def test_parity_fails_by_far_when_one_parameter_is_lost(
    damage: str, tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path
) -> None:
    damaged = Path(shutil.copytree(tiny_bundle, tmp_path / "damaged"))
    _zero(damaged / "model.onnx", damage)
    cases = _parity(tiny_embedder, damaged)
    assert max(case.max_abs for case in cases) > 100 * 1e-4
    assert len(failed_parity(cases, atol=1e-4)) == 1


def test_parity_fails_when_the_mask_is_ignored(
    tiny_bundle: Path, tiny_embedder: Path, tmp_path: Path
) -> None:
    damaged = Path(shutil.copytree(tiny_bundle, tmp_path / "damaged"))
    model = onnx.load(damaged / "model.onnx")
    for node in model.graph.node:
        if node.op_type == "MultiHeadAttention":
            node.input[4] = ""
    _save(model, damaged)
    cases = _parity(tiny_embedder, damaged)
    assert {case.name for case in cases if case.max_abs > 1e-2} == {"texts", "ragged"}


def test_a_tolerance_that_cannot_be_met_writes_nothing(tiny_embedder: Path, tmp_path: Path) -> None:
    with pytest.raises(GateError, match="parity with PyTorch is off by") as caught:
        export_model(tiny_embedder, tmp_path / "out", options=ExportOptions(atol=1e-12))
    assert caught.value.record.failures
    assert list(tmp_path.iterdir()) == []


def test_a_head_that_was_never_trained_is_refused(tiny_embedder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"has no fitting weights for .*: it was not trained for"
    ):
        export_model(
            tiny_embedder, tmp_path / "out", options=ExportOptions(task="text-classification")
        )


@pytest.mark.parametrize("family", ["roberta", "distilbert", "electra"])
def test_other_families_are_fused_the_same_way(family: str, tmp_path: Path) -> None:
    record = export_model(_other_family(family, tmp_path / family), tmp_path / "out")
    assert record.coverage["attention"].found == 2
    assert record.passed


def test_reshapes_that_change_the_shape_stay(tmp_path: Path) -> None:
    make = onnx.helper
    shape = onnx.numpy_helper.from_array(np.array([0, -1], np.int64), "shape")
    graph = make.make_graph(
        [
            make.make_node("Reshape", ["x", "shape"], ["flat"]),
            make.make_node("Neg", ["flat"], ["y"]),
        ],
        "g",
        [make.make_tensor_value_info("x", 1, ["batch", "sequence", 4])],
        [make.make_tensor_value_info("y", 1, ["batch", "flat"])],
        [shape],
        value_info=[
            make.make_tensor_value_info("x", 1, ["batch", "sequence", 4]),
            make.make_tensor_value_info("flat", 1, ["batch", "flat"]),
        ],
    )
    model = make.make_model(graph)
    assert drop_idle_reshapes(model) == 0


def _parity(checkpoint: Path, bundle: Path) -> tuple[ParityCase, ...]:
    return parity_cases(CheckpointModel(open_checkpoint(checkpoint)), load(bundle))


def _hidden(model: Model, text: str) -> np.ndarray:
    (batch,) = micro_batches(encode(model.tokenizer, [text]), model.manifest.inputs)
    (hidden,) = model.session.run(["last_hidden_state"], batch.inputs)
    return np.asarray(hidden[0])


def _zero(path: Path, ending: str) -> None:
    model = onnx.load(path)
    (tensor,) = [t for t in model.graph.initializer if t.name.endswith(ending)]
    zeros = np.zeros_like(onnx.numpy_helper.to_array(tensor))
    tensor.CopyFrom(onnx.numpy_helper.from_array(zeros, tensor.name))
    _save(model, path.parent)


def _save(model: onnx.ModelProto, bundle: Path) -> None:
    """Save the graph and seal the bundle again, so that only parity can notice."""
    manifest = open_bundle(bundle).manifest
    onnx.save(model, bundle / "model.onnx")
    seal(bundle, manifest)


def _other_family(family: str, folder: Path) -> Path:
    sizes = {"vocab_size": len(VOCABULARY), "max_position_embeddings": 66}
    usual = {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
    }
    configs = {
        "roberta": lambda: transformers.RobertaConfig(**sizes, **usual, pad_token_id=0),
        "electra": lambda: transformers.ElectraConfig(**sizes, **usual, embedding_size=32),
        "distilbert": lambda: transformers.DistilBertConfig(
            **sizes, dim=64, n_layers=2, n_heads=4, hidden_dim=128
        ),
    }
    torch.manual_seed(3)
    model = transformers.AutoModel.from_config(configs[family]())
    redraw(model)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder
