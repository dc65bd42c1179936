"""A name of a kind that is not known is refused; nothing else is done in its place, silently."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from handmade import X, model_of, prepared, samples_of, weight

import edgebert
from edgebert.bundle import open_bundle, seal
from edgebert.checkpoint import open_checkpoint
from edgebert.checkpoint.sentence_head import SentenceHead, pool
from edgebert.drift import check
from edgebert.errors import BundleError, CheckpointError, EdgebertError, InputError
from edgebert.export import ExportOptions, OptimizeOptions, optimize_export
from edgebert.logits import probabilities
from edgebert.onnx_graph.parts import FORMS
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.quantize.forms.recipes import Recipes
from edgebert.records.manifest import SCORINGS, SIMILARITIES
from edgebert.references import pooling as numpy_pooling
from edgebert.sentence_modules import POOLINGS, SentenceModules
from edgebert.tasks.entities import AGGREGATIONS, decode_entities
from edgebert.text.words import TokenizedText
from edgebert.training.tasks.trainable import load_task
from edgebert.vectors.forms import DTYPES, packed
from edgebert.vectors.similarity_function import SimilarityFunction, likeness

FIXTURES = Path(__file__).parent / "fixtures"
BUNDLES = FIXTURES / "format_1" / "bundles"

HIDDEN = np.arange(24, dtype=np.float32).reshape(1, 4, 6)
MASK = np.array([[1, 1, 1, 0]])
UNKNOWN: Any = "newest"


def refusal(step: Callable[[], object], kind: type[EdgebertError] = InputError) -> str:
    with pytest.raises(kind) as caught:
        step()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# poolings and the steps behind them


def in_torch(pooling: Any) -> np.ndarray:
    return pool(torch.from_numpy(HIDDEN), torch.from_numpy(MASK), pooling).numpy()


def in_numpy(pooling: Any) -> np.ndarray:
    return numpy_pooling.pool(HIDDEN, MASK, pooling)


@pytest.mark.parametrize("pool_by", [in_torch, in_numpy])
def test_each_pooling_is_a_vector_of_its_own_and_no_other_is_made(
    pool_by: Callable[[Any], np.ndarray],
) -> None:
    vectors = {pool_by(name).round(3).tobytes() for name in POOLINGS}
    assert len(vectors) == len(POOLINGS) - 1  # the last of three tokens that grow is the largest
    with pytest.raises(AssertionError, match=UNKNOWN):
        pool_by(UNKNOWN)


def test_no_step_stands_for_another() -> None:
    with pytest.raises(AssertionError):
        numpy_pooling.apply(UNKNOWN, HIDDEN[0])
    with pytest.raises(AssertionError):
        SentenceHead(SentenceModules(("mean",), (UNKNOWN,)))


@pytest.mark.parametrize("word", [UNKNOWN, f"cls+{UNKNOWN}", ""])
def test_a_word_for_poolings_names_those_that_there_are(word: str) -> None:
    told = refusal(lambda: SentenceModules.pooled_by(word))
    assert "is no pooling that edgebert knows: mean, cls, max" in told


def test_a_check_of_a_bundle_that_pools_in_a_new_way_is_refused(tmp_path: Path) -> None:
    newer = saying(tmp_path, "embedder", pooling=UNKNOWN)
    told = refusal(lambda: check(BUNDLES / "embedder", newer))
    assert told.startswith(f"{UNKNOWN!r} is no pooling that edgebert knows")


@pytest.mark.parametrize("pooling", POOLINGS)
def test_optimize_appends_a_pooling_or_refuses_it(pooling: str, tmp_path: Path) -> None:
    foreign = Path(
        shutil.copytree(FIXTURES / "foreign/sentence-transformers", tmp_path / "foreign")
    )
    (foreign / "1_Pooling/config.json").write_text(json.dumps({"pooling_mode": pooling}))

    def optimize() -> None:
        optimize_export(foreign, tmp_path / "out", options=OptimizeOptions())

    if pooling in ("mean", "cls", "lasttoken"):
        optimize()
        graph = onnx.load(tmp_path / "out" / "model.onnx").graph
        places = [node for node in graph.node if node.op_type == "ArgMax"]
        last = [onnx.helper.get_node_attr_value(node, "select_last_index") for node in places]
        assert last == {"mean": [], "cls": [0], "lasttoken": [1]}[pooling]
    else:
        assert f"has {pooling} pooling and Normalize, which optimize cannot" in refusal(optimize)


# scores, similarities, forms of vectors, labels of words


def test_each_scoring_gives_scores_of_its_own() -> None:
    logits = np.array([0.5, -1.0], np.float32)
    assert len({probabilities(logits, name).tobytes() for name in SCORINGS}) == len(SCORINGS)
    told = refusal(lambda: probabilities(logits, UNKNOWN))
    assert told == f"scoring={UNKNOWN!r}: expected one of softmax, sigmoid, identity"


def test_each_similarity_compares_in_its_own_way() -> None:
    rows, other = np.eye(3, 4), np.full(4, 0.25)
    found = {name: likeness(rows, other, name).tobytes() for name in SIMILARITIES}
    assert found["cosine"] == found["dot"]  # of vectors whose lengths are 1
    assert len(set(found.values())) == len(SIMILARITIES) - 1
    assert "similarity='newest'" in refusal(lambda: likeness(rows, other, UNKNOWN))
    assert "similarity='newest'" in refusal(lambda: SimilarityFunction(UNKNOWN))


def test_each_form_of_a_vector_has_its_dtype() -> None:
    vector = np.linspace(-1, 1, 16, dtype=np.float32)
    dtypes = [packed(vector, name).dtype.name for name in DTYPES]
    assert dtypes == ["float32", "float16", "int8", "uint8"]
    assert "dtype='float64'" in refusal(lambda: packed(vector, "float64"))


def test_words_get_their_labels_in_a_known_way() -> None:
    text = TokenizedText("ben", ((0, 3),), (0,))
    logits = np.array([[0.0, 1.0]], np.float32)
    for name in AGGREGATIONS:
        (entity,) = decode_entities(text, logits, ("O", "B-PER"), name)
        assert entity.text == "ben"
    told = refusal(lambda: decode_entities(text, logits, ("O", "B-PER"), UNKNOWN))
    assert told.startswith(f"aggregation={UNKNOWN!r}: expected one of words, simple")


# what a manifest or a configuration says


def saying(folder: Path, name: str, **changes: Any) -> Path:
    """A bundle whose manifest says something else, and is sealed."""
    bundle = Path(shutil.copytree(BUNDLES / name, folder / name))
    seal(bundle, replace(open_bundle(bundle).manifest, **changes))
    return bundle


@pytest.mark.parametrize(
    ("name", "key", "told"),
    [
        ("classifier", "activation", "makes scores by 'newest'; this edgebert knows softmax, "),
        ("tagger", "aggregation", "makes labels of words by 'newest'; this edgebert knows words, "),
        ("embedder", "similarity", "compares vectors by 'newest'; this edgebert knows cosine, "),
    ],
)
def test_a_bundle_that_answers_in_a_newer_way_is_refused(
    name: str, key: str, told: str, tmp_path: Path
) -> None:
    newer = saying(tmp_path, name, **{key: UNKNOWN})
    said = refusal(lambda: edgebert.load(newer), BundleError)
    assert told in said
    assert said.endswith(": pip install -U edgebert")


def test_int8_for_a_newer_target_is_refused(tmp_path: Path) -> None:
    newer = saying(tmp_path, "tagger", target=UNKNOWN)
    options = QuantizeOptions(scheme="token")
    told = refusal(lambda: quantize_bundle(newer, tmp_path / "int8", options=options))
    assert told == f"target={UNKNOWN!r}: expected one of cpu, portable, npu, gpu"


def test_a_problem_type_that_transformers_does_not_know_is_refused(
    tiny_classifier: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_classifier, tmp_path / "c"))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"problem_type": UNKNOWN}))
    told = refusal(lambda: open_checkpoint(str(folder)).scoring, CheckpointError)
    assert f"{folder / 'config.json'} says problem_type {UNKNOWN!r}: one of single_label" in told


def test_sparse_vectors_are_not_trained_as_something_else(tiny_splade: Path) -> None:
    checkpoint = open_checkpoint(str(tiny_splade))
    told = refusal(lambda: load_task(checkpoint), CheckpointError)
    assert told.endswith("is for sparse-embedding, which is not trained here")


# options


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"target": UNKNOWN}, "target='newest': expected one of cpu, gpu, portable, npu"),
        ({"precision": "bf16"}, "precision='bf16': expected one of fp32, fp16"),
        ({"ids": "int16"}, "ids='int16': expected one of int64, int32"),
        ({"opset": 17}, "opset=17: expected a whole number, 18 to 23"),
    ],
)
def test_an_option_of_an_export_is_one_that_there_is(options: dict[str, Any], told: str) -> None:
    assert refusal(lambda: ExportOptions(**options)) == told


def test_a_refusal_and_a_fingerprint_are_of_known_options() -> None:
    with edgebert.load(BUNDLES / "tagger") as model:
        assert "long_text='newest'" in refusal(lambda: model.refusal("a", long_text=UNKNOWN))
        assert "long_text='newest'" in refusal(lambda: model.made_by(long_text=UNKNOWN))
        assert "aggregation='newest'" in refusal(lambda: model.made_by(aggregation=UNKNOWN))


def test_a_layer_is_written_in_a_form_that_there_is(tmp_path: Path) -> None:
    graph = prepared(model_of("y = MatMul(x, w)", {"w": weight(64, 64, seed=1)}), tmp_path)
    recipes = Recipes(graph, samples_of(graph, x=X), contrib=True, saturates=False)
    (group,) = graph.groups
    written = set()
    for form in FORMS:
        recipes.write({group.name: form}, tmp_path / "out.onnx")
        nodes = onnx.load(tmp_path / "out.onnx").graph.node
        written.add(" ".join(node.op_type for node in nodes))
    assert len(written) == len(FORMS)
    told = refusal(lambda: recipes.write({group.name: UNKNOWN}, tmp_path / "out.onnx"))
    assert told == f"form={UNKNOWN!r}: expected one of {', '.join(FORMS)}"
