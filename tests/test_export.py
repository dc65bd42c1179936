"""Export: fused by construction, pooled in the graph, proved against PyTorch or not written."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.data import Text
from edgebert.errors import CheckpointError, GateError, OutputError
from edgebert.export import ExportOptions, export_model
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model, load
from edgebert.runtimes.batches import micro_batches
from edgebert.text.encoding import encode

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
    assert found["Attention"] == 2
    assert found["Softmax"] == 0
    assert found["LayerNormalization"] == 5
    assert found["Gelu"] == 2


def test_no_reshape_is_left_around_attention(tiny_bundle: Path) -> None:
    assert operators(tiny_bundle)["Reshape"] == 0


def test_matmuls_carry_the_names_of_their_layers(tiny_bundle: Path) -> None:
    graph = onnx.load(tiny_bundle / "model.onnx").graph
    names = {node.name for node in graph.node if node.op_type in ("Attention", "MatMul")}
    assert "encoder.layer.1.attention.self.{query,key,value}" in names
    assert "encoder.layer.1.attention.output.dense" in names
    assert len(names - {"pooling"}) == 8


def test_the_manifest_states_the_coverage(tiny_bundle: Path) -> None:
    coverage = open_bundle(tiny_bundle).manifest.coverage
    assert {name: (c.expected, c.found) for name, c in coverage.items()} == {
        "attention": (2, 2),
        "qkv": (2, 2),
        "layer_norm": (5, 5),
        "gelu": (2, 2),
    }


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


def test_no_file_of_a_bundle_states_another_max_length(tiny_embedder: Path, tmp_path: Path) -> None:
    """A source may truncate somewhere else in its tokenizer.json, as all-MiniLM-L6-v2 does."""
    source = Path(shutil.copytree(tiny_embedder, tmp_path / "source"))
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    truncation = {"direction": "Right", "max_length": 16, "strategy": "LongestFirst", "stride": 0}
    (source / "tokenizer.json").write_text(json.dumps(tokenizer | {"truncation": truncation}))
    export_model(source, tmp_path / "bundle")
    config = json.loads((tmp_path / "bundle/tokenizer_config.json").read_text())
    assert {key: value for key, value in config.items() if key.endswith("max_length")} == {
        "model_max_length": 48
    }
    assert tokenizer["padding"] is None


def test_a_checkpoint_is_never_replaced_by_its_own_bundle(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_embedder, tmp_path / "model"))
    with pytest.raises(OutputError, match="is or holds the source, which is never replaced"):
        export_model(folder, folder, force=True)
    assert (folder / "model.safetensors").is_file()


def test_the_head_of_another_task_is_refused(tiny_classifier: Path, tmp_path: Path) -> None:
    options = ExportOptions(task="token-classification")
    with pytest.raises(CheckpointError, match="was trained for text-classification, not for"):
        export_model(tiny_classifier, tmp_path / "out", options=options)


def test_half_precision_is_held_to_what_rounding_does_to_the_model(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    record = export_model(tiny_embedder, tmp_path / "out", options=ExportOptions(target="gpu"))
    assert record.precision == "fp16"
    assert 1e-4 < max(case.max_abs for case in record.parity) <= record.atol < 1


def test_a_head_that_was_never_trained_is_refused(tiny_embedder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"has no fitting weights for .*: it was not trained for"
    ):
        export_model(
            tiny_embedder, tmp_path / "out", options=ExportOptions(task="text-classification")
        )


def _hidden(model: Model, text: str) -> np.ndarray:
    (batch,) = micro_batches(encode(model.tokenizer, [text]), model.input_spec)
    (hidden,) = model.session.run(["last_hidden_state"], batch.inputs)
    return np.asarray(hidden[0])
