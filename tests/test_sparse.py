"""Sparse vectors: a weight for each piece of the vocabulary, as SPLADE has them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from click.testing import CliRunner

from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint
from edgebert.cli import main
from edgebert.drift import check
from edgebert.errors import CheckpointError, InputError
from edgebert.export import ExportOptions, export_model
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.runtimes import Model, load
from edgebert.runtimes.golden import run_golden
from edgebert.tasks.sparse import InvertedIndex, SparseVector

TEXTS = ["turn on the lamp", "", "anna is in paris", "the lamp in the kitchen is on"]
MODELS = "sentence_transformers.sparse_encoder.models"


def say(folder: Path, **config: str) -> None:
    (folder / "1_SpladePooling" / "config.json").write_text(json.dumps(config))


@pytest.fixture
def model(tiny_splade_bundle: Path) -> Model:
    return load(tiny_splade_bundle)


def by_hand(checkpoint: Path, text: str) -> np.ndarray:
    """log(1 + relu) of what plain transformers says, and of each piece the most."""
    plain = transformers.AutoModelForMaskedLM.from_pretrained(checkpoint).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint)
    with torch.inference_mode():
        logits = plain(**tokenizer(text, return_tensors="pt")).logits[0]
    return np.asarray(torch.log1p(torch.relu(logits)).amax(dim=0).numpy())


def test_the_weights_are_those_of_splade(tiny_splade: Path, model: Model) -> None:
    for text, vector in zip(TEXTS, model.embed_sparse(TEXTS), strict=True):
        expected = by_hand(tiny_splade, text)
        assert vector.indices.tolist() == np.flatnonzero(expected > 0).tolist()
        np.testing.assert_allclose(vector.weights, expected[vector.indices], atol=1e-4)


def test_one_text_a_list_and_a_stream_give_the_same(model: Model) -> None:
    together, streamed = model.embed_sparse(TEXTS), list(model.embed_sparse(iter(TEXTS)))
    for text, of_list, of_stream in zip(TEXTS, together, streamed, strict=True):
        alone = model.embed_sparse(text)
        for other in (of_list, of_stream):
            assert np.array_equal(alone.indices, other.indices)
            assert np.array_equal(alone.weights, other.weights)


def test_the_folder_tells_the_task_and_the_graph_is_fused_and_promised(
    tiny_splade: Path, tiny_splade_bundle: Path, model: Model
) -> None:
    checkpoint = open_checkpoint(tiny_splade)
    assert (checkpoint.task, checkpoint.similarity) == ("sparse-embedding", "dot")
    manifest = open_bundle(tiny_splade_bundle, verify=True).manifest
    assert (manifest.task, manifest.outputs) == ("sparse-embedding", ("sparse_embedding",))
    assert manifest.coverage["attention"].found == 2
    assert all(answer.passed for answer in run_golden(model))
    kept = open_bundle(tiny_splade_bundle).golden()
    assert all(np.any(text.reference) for text in kept.texts)  # not the pieces that weigh nothing


def test_any_masked_language_model_can_be_asked_for_them(tiny_splade: Path, tmp_path: Path) -> None:
    plain = Path(shutil.copytree(tiny_splade, tmp_path / "plain"))
    (plain / "modules.json").unlink()
    assert open_checkpoint(plain).task == "fill-mask"
    export_model(plain, tmp_path / "bundle", options=ExportOptions(task="sparse-embedding"))
    (vector,) = load(tmp_path / "bundle").embed_sparse(TEXTS[:1])
    np.testing.assert_allclose(vector.weights, by_hand(plain, TEXTS[0])[vector.indices], atol=1e-4)


@pytest.mark.parametrize(
    "said", [{"pooling_strategy": "sum"}, {"activation_function": "log1p_relu"}]
)
def test_another_pooling_is_refused_by_name(
    said: dict[str, str], tiny_splade: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_splade, tmp_path / "other"))
    say(folder, **said)
    ((key, value),) = said.items()
    with pytest.raises(CheckpointError, match=f"has {key} '{value}'; sparse vectors are exported"):
        open_checkpoint(folder)


def test_a_search_finds_what_the_dot_product_does(model: Model) -> None:
    queries = ["lamp", "where is anna"]
    expected = np.asarray(model.similarity(queries, TEXTS))
    vectors = model.embed_sparse(TEXTS)
    for corpus in (TEXTS, vectors):
        for scores, hits in zip(expected, model.search(queries, corpus, k=3), strict=True):
            assert [hit.index for hit in hits] == np.argsort(-scores, kind="stable")[:3].tolist()
            np.testing.assert_allclose(
                [hit.score for hit in hits], np.sort(scores)[::-1][:3], rtol=1e-4
            )
    (first, *_) = model.search("lamp", TEXTS, k=1)
    assert first.text == TEXTS[first.index]
    with pytest.raises(InputError, match="the corpus is empty"):
        model.search("lamp", [])
    with pytest.raises(InputError, match="corpus: expected texts or vectors, not str"):
        model.search("lamp", "a text")
    with pytest.raises(InputError, match="text 1: expected str, not int"):
        model.search("lamp", ["a", 3])


def test_pieces_that_no_text_has_find_nothing() -> None:
    def vector(*pieces: int) -> SparseVector:
        return SparseVector(np.array(pieces, np.int32), np.ones(len(pieces), np.float32))

    index = InvertedIndex([vector(3, 9), vector(), vector(9)])
    assert [(hit.index, hit.score) for hit in index.nearest(vector(0, 9, 12), 3)] == [
        (0, 1.0),
        (2, 1.0),
        (1, 0.0),
    ]
    assert InvertedIndex([]).nearest(vector(1), 3) == []


def test_int8_is_held_to_a_promise_as_any_other(tiny_splade_bundle: Path, tmp_path: Path) -> None:
    quantize_bundle(tiny_splade_bundle, tmp_path / "int8", options=QuantizeOptions(scheme="token"))
    record = check(str(tiny_splade_bundle), str(tmp_path / "int8"))
    assert record.passed
    assert record.cosine is not None
    assert record.cosine.mean > 0.99
    assert 0.9 < record.measures["pieces"]["heaviest"] <= 1
    assert 0.9 < record.measures["pieces"]["same"] <= 1
    same = check(str(tiny_splade_bundle), str(tiny_splade_bundle))
    assert same.measures["pieces"] == {"same": 1.0, "heaviest": 1.0}
    assert not record.causes


def test_the_commands_write_them(tiny_splade_bundle: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    shown = json.loads(run(main, ["embed", str(tiny_splade_bundle), TEXTS[0]]).stdout)
    vector = load(tiny_splade_bundle).embed_sparse(TEXTS[0])
    assert shown["indices"] == vector.indices.tolist()
    assert np.array_equal(np.asarray(shown["weights"], np.float32), vector.weights)
    for ending in ("jsonl", "csv", "parquet"):
        assert (
            run(
                main, ["embed", str(tiny_splade_bundle), *TEXTS, "-o", f"{tmp_path}/a.{ending}"]
            ).exit_code
            == 0
        )
    refused = run(main, ["embed", str(tiny_splade_bundle), *TEXTS, "-o", f"{tmp_path}/a.npy"])
    assert refused.stderr.startswith(f"Error: {tmp_path}/a.npy: only embeddings fit into .npy")
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(filter(None, TEXTS)) + "\n")
    found = run(
        main, ["search", str(tiny_splade_bundle), "lamp", "--corpus", str(corpus), "-k", "1"]
    )
    assert json.loads(found.stdout)["hits"][0]["text"] in TEXTS


def test_a_bundle_of_another_kind_says_what_it_is(model: Model, tiny_bundle: Path) -> None:
    with pytest.raises(
        InputError, match="is a sparse-embedding bundle; embed needs one for feature"
    ):
        model.embed("a")
    with pytest.raises(InputError, match="embed_sparse needs one for sparse-embedding"):
        load(tiny_bundle).embed_sparse("a")
