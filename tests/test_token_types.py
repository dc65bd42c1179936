"""Pairs are fed as transformers feeds them, by every reader of a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import make_checkpoint

from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.tokenizer_settings import feeds_token_types
from edgebert.data import Text
from edgebert.data.samples import GOLDEN_PAIRS
from edgebert.export import OptimizeOptions, export_model, optimize_export
from edgebert.export.foreign.token_types import leave_out_token_types
from edgebert.references.onnx_file import open_onnx_file
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import load

PAIRS = [("turn on the lamp", "the kitchen light is off"), ("is it on", "anna is in paris")]
NAMES = ["input_ids", "attention_mask"]


def change(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reranker whose tokenizer feeds no token types, and its bundle."""
    folder = tmp_path_factory.mktemp("untyped")
    make_checkpoint(folder / "checkpoint", "BertForSequenceClassification", ("relevance",))
    change(folder / "checkpoint/tokenizer_config.json", model_input_names=NAMES)
    export_model(folder / "checkpoint", folder / "bundle")
    return folder


def test_a_tokenizer_without_token_types_leaves_the_graph_without_them(folder: Path) -> None:
    model = load(folder / "bundle")
    assert open_bundle(folder / "bundle").manifest.inputs == tuple(NAMES)
    reference = CheckpointModel(open_checkpoint(folder / "checkpoint"))
    assert list(reference.encode(PAIRS)) == NAMES
    np.testing.assert_allclose(model.outputs(PAIRS), reference.outputs(PAIRS), atol=1e-4)


def test_token_types_would_have_changed_the_answer(
    folder: Path, tiny_reranker_bundle: Path
) -> None:
    without, typed = load(folder / "bundle"), load(tiny_reranker_bundle)
    texts = [text for text, _ in PAIRS]
    np.testing.assert_allclose(without.outputs(texts), typed.outputs(texts), atol=1e-4)
    assert np.abs(np.subtract(without.outputs(PAIRS), typed.outputs(PAIRS))).min() > 1e-2


def test_a_bundle_that_reads_pairs_is_sealed_with_pairs(
    folder: Path, tiny_embedder: Path, tiny_bundle: Path
) -> None:
    sealed = [text.as_text for text in load(folder / "bundle").bundle.golden().texts]
    assert set(GOLDEN_PAIRS) <= set(sealed)
    assert all(isinstance(t.as_text, str) for t in load(tiny_bundle).bundle.golden().texts)


def test_texts_and_pairs_together_are_fed_as_each_alone(folder: Path) -> None:
    reference = CheckpointModel(open_checkpoint(folder / "checkpoint"))
    mixed: list[Text] = [PAIRS[0], "turn on the lamp", PAIRS[1], ""]
    alone = [reference.outputs([text])[0] for text in mixed]
    np.testing.assert_allclose(reference.outputs(mixed), alone, atol=1e-5)


def test_of_one_token_type_that_one_is_meant(tmp_path: Path, folder: Path) -> None:
    """A table with one row, and a tokenizer that numbers the texts of a pair 0 and 1."""
    import torch
    import transformers
    from tiny import redraw, write_tokenizer

    torch.manual_seed(1)
    config = transformers.AutoConfig.from_pretrained(folder / "checkpoint", type_vocab_size=1)
    model = transformers.BertForSequenceClassification(config)
    redraw(model)
    model.save_pretrained(tmp_path)
    write_tokenizer(tmp_path)
    reference = CheckpointModel(open_checkpoint(tmp_path))
    assert reference.feeds_types
    assert list(reference.encode(PAIRS)) == NAMES
    assert np.isfinite(reference.outputs(PAIRS)).all()


@pytest.mark.parametrize(
    ("settings", "fed"),
    [
        ({}, True),
        ({"tokenizer_class": "BertTokenizer"}, True),
        ({"tokenizer_class": "BertTokenizerFast", "model_input_names": NAMES}, False),
        ({"tokenizer_class": "DistilBertTokenizerFast"}, False),
        ({"tokenizer_class": "PreTrainedTokenizerFast"}, False),
        (
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_input_names": [*NAMES, "token_type_ids"],
            },
            True,
        ),
    ],
)
def test_the_files_say_what_transformers_feeds(
    settings: dict[str, Any], fed: bool, tmp_path: Path, tiny_classifier: Path
) -> None:
    import transformers

    shutil.copytree(tiny_classifier, tmp_path / "model")
    (tmp_path / "model/tokenizer_config.json").write_text(json.dumps(settings))
    assert feeds_token_types(tmp_path / "model") is fed
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "model")
    assert ("token_type_ids" in tokenizer.model_input_names) is fed


def test_a_foreign_graph_that_nobody_feeds_token_types_loses_the_input(
    folder: Path, tiny_reranker_bundle: Path, tmp_path: Path
) -> None:
    """The graph of a bundle with token types, as if another tool had exported it."""
    source = Path(shutil.copytree(tiny_reranker_bundle, tmp_path / "source"))
    (source / "manifest.json").unlink()
    change(source / "tokenizer_config.json", model_input_names=NAMES)
    untyped = load(folder / "bundle")
    file = open_onnx_file(source / "model.onnx")
    np.testing.assert_allclose(file.outputs(PAIRS), untyped.outputs(PAIRS), atol=1e-4)
    options = OptimizeOptions(task="text-classification")
    optimize_export(source, tmp_path / "bundle", options=options)
    model = load(tmp_path / "bundle")
    assert model.manifest.inputs == tuple(NAMES)
    np.testing.assert_allclose(model.outputs(PAIRS), untyped.outputs(PAIRS), atol=1e-4)
    sealed = [text.as_text for text in model.bundle.golden().texts]
    assert set(GOLDEN_PAIRS) <= set(sealed)


def test_a_graph_without_token_types_stays_as_it_is(folder: Path) -> None:
    import onnx

    model = onnx.load(folder / "bundle/model.onnx")
    before = model.SerializeToString()
    leave_out_token_types(model)
    assert model.SerializeToString() == before
