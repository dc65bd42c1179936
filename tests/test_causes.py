"""A clean model is never refused; a damaged one always is, and the cause is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from damage import drop_normalize, keep_case, pool_by_cls, randomize_head, scale_layer, swap_labels
from tiny import VOCABULARY, make_checkpoint

from edgebert.bundle import open_bundle, seal
from edgebert.drift import check
from edgebert.drift.weights import compare_weights
from edgebert.errors import GateError
from edgebert.export import export_model
from edgebert.measures import Thresholds
from edgebert.onnx_graph.weights import Weight
from edgebert.quantize import QuantizeOptions, quantize_bundle
from edgebert.records.checked import CheckRecord

Damage = Callable[[Path, Path], Path]

PROJECTIONS = "encoder.layer.0.attention.self.{query,key,value}.weight_scale"
"""The scales of three weights side by side, 64 each."""

SLIGHTLY = partial(scale_layer, name="layer.1.output.dense.weight", factor=1.02)


def refused(reference: Path, candidate: Path, thresholds: Thresholds | None = None) -> CheckRecord:
    with pytest.raises(GateError) as caught:
        check(reference, candidate, thresholds=thresholds)
    record = caught.value.record
    assert isinstance(record, CheckRecord)
    return record


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (pool_by_cls, "pooling"),
        (drop_normalize, "pooling"),
        (keep_case, "tokenizer"),
        (SLIGHTLY, "body"),
        (partial(scale_layer, name="layer.0.output.LayerNorm.weight", factor=1.02), "body"),
    ],
)
def test_damage_to_an_embedding_model_is_refused_and_named(
    damage: Damage, cause: str, tiny_embedder: Path, tmp_path: Path
) -> None:
    record = refused(tiny_embedder, damage(tiny_embedder, tmp_path / "damaged"))
    assert [found.name for found in record.causes] == [cause]
    assert any(failure.startswith(f"{cause}: ") for failure in record.failures)


@pytest.mark.parametrize(
    ("damage", "cause"),
    [
        (swap_labels, "label order"),
        (randomize_head, "head"),
        (keep_case, "tokenizer"),
        (SLIGHTLY, "body"),
    ],
)
def test_damage_to_a_classifier_is_refused_and_named(
    damage: Damage, cause: str, tiny_classifier: Path, tiny_classifier_bundle: Path, tmp_path: Path
) -> None:
    damaged = damage(tiny_classifier, tmp_path / "damaged")
    for reference in (tiny_classifier, tiny_classifier_bundle):
        record = refused(reference, damaged)
        assert [found.name for found in record.causes] == [cause]


@pytest.mark.parametrize(("damage", "cause"), [(swap_labels, "label order"), (SLIGHTLY, "body")])
def test_damage_to_a_tagger_is_refused_and_named(
    damage: Damage, cause: str, tiny_tagger: Path, tmp_path: Path
) -> None:
    record = refused(tiny_tagger, damage(tiny_tagger, tmp_path / "damaged"))
    assert [found.name for found in record.causes] == [cause]


@pytest.mark.parametrize(
    ("weight", "stored"),
    [
        ("layer.0.attention.self.query.weight", PROJECTIONS),
        ("layer.1.output.dense.weight", "encoder.layer.1.output.dense.weight_scale"),
        ("embeddings.word_embeddings.weight", "encoder.embeddings.word_embeddings.weight_scale"),
    ],
)
def test_one_scale_of_an_int8_graph_off_by_a_fifth_is_found(
    weight: str,
    stored: str,
    tiny_embedder: Path,
    tiny_bundle: Path,
    tiny_int8: Path,
    tmp_path: Path,
) -> None:
    part = slice(0, 64) if stored == PROJECTIONS else slice(None)
    damaged = _scale_initializer(tiny_int8, tmp_path / "int8", stored, 1.2, part)
    for reference in (tiny_embedder, tiny_bundle):
        record = refused(reference, damaged)
        assert [found.name for found in record.causes] == ["body"]
        assert re.fullmatch(
            rf"(encoder\.)*{weight} is 1\.(2|20\d|19[89]) times the reference's "
            r"\(1 of 25 weights differ\)",
            record.causes[0].detail,
        )
        assert record.weights is not None
        assert record.weights.furthest[0].gain == pytest.approx(1.2, abs=0.01)


def test_bounds_that_are_asked_for_do_not_excuse_a_graph_that_is_not_its_source(
    tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    """Both manifests name one checkpoint, so the weights must be its weights."""
    key = slice(64, 128)
    damaged = _scale_initializer(tiny_int8, tmp_path / "int8", PROJECTIONS, 1.2, key)
    record = refused(tiny_bundle, damaged, thresholds=Thresholds(max_drift=0.5))
    assert record.failures == (f"body: {record.causes[0].detail}",)


def test_another_model_is_judged_by_the_bounds_alone(tiny_embedder: Path, tmp_path: Path) -> None:
    other = SLIGHTLY(tiny_embedder, tmp_path / "tuned")
    record = check(tiny_embedder, other, thresholds=Thresholds(max_drift=0.1))
    assert record.passed
    assert [cause.name for cause in record.causes] == ["body"]  # told, not held


def test_two_models_with_nothing_in_common_are_compared_and_not_held(
    tiny_embedder: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(tiny_embedder, tmp_path / "other"))
    make_checkpoint(other, "BertModel", seed=8)
    record = check(tiny_embedder, other)
    assert record.passed
    assert record.distance_mean > 0.1
    assert all(gate.name.startswith("same ") for gate in record.gates)


def test_drift_without_damage_is_put_down_to_quantization(
    tiny_bundle: Path, tiny_int8: Path
) -> None:
    record = refused(tiny_bundle, tiny_int8, thresholds=Thresholds(max_drift=1e-9))
    assert [cause.name for cause in record.causes] == ["quantization"]


def test_a_clean_bundle_is_not_refused_on_texts_it_has_not_seen(tmp_path: Path) -> None:
    labels = ("off", "on", "tell")
    checkpoint = make_checkpoint(tmp_path / "c", "BertForSequenceClassification", labels, seed=1)
    export_model(checkpoint, tmp_path / "fp32")
    options = QuantizeOptions(scheme="token")
    quantize_bundle(tmp_path / "fp32", tmp_path / "int8", options=options)
    (tmp_path / "texts.txt").write_text("\n".join(_other_texts(200)) + "\n")
    for candidate in ("fp32", "int8", "int8/model.onnx"):
        assert check(checkpoint, tmp_path / candidate, tmp_path / "texts.txt").passed


def _other_texts(n: int) -> list[str]:
    """Texts that no bundle was measured on when it was made."""
    random = np.random.default_rng(5)
    words = [word for word in VOCABULARY if word.isalpha()]
    return [" ".join(random.choice(words, random.integers(1, 12))) for _ in range(n)]


def test_weights_are_found_again_behind_a_prefix_and_lying_on_their_side() -> None:
    random = np.random.default_rng(0)
    names = ("encoder.layer.0.output.dense.weight", "encoder.layer.1.output.dense.weight")
    old = {name: Weight(random.normal(size=(6, 4)).astype(np.float32), 32) for name in names}
    new = {f"model.{name}": Weight(weight.values.T, 32) for name, weight in old.items()}
    found = compare_weights(old, new)
    assert found.related
    assert [(c.gain, c.residual) for c in found.changes] == [(1.0, 0.0), (1.0, 0.0)]
    assert found.changed == ()


def _scale_initializer(
    bundle: Path, output: Path, name: str, factor: float, part: slice = slice(None)
) -> Path:
    """Copy a bundle and multiply a part of a constant, along its first axis."""
    import onnx

    shutil.copytree(bundle, output)
    manifest = open_bundle(output).manifest
    model = onnx.load(output / "model.onnx")
    (tensor,) = [t for t in model.graph.initializer if t.name == name]
    scaled = onnx.numpy_helper.to_array(tensor).copy()
    scaled[part] *= np.float32(factor)
    tensor.CopyFrom(onnx.numpy_helper.from_array(scaled, tensor.name))
    onnx.save(model, output / "model.onnx")
    seal(output, manifest)
    return output
