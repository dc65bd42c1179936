"""The drift gate: bounds that pass and that say no, and every kind of side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from edgebert.bundle import open_bundle, seal
from edgebert.drift import check
from edgebert.errors import GateError, InputError
from edgebert.measures import Thresholds

PAIRS = "sentence1\tsentence2\tscore\n" + "".join(
    f"turn {a} the lamp\tturn {b} the {c}\t{s}\n"
    for a, b, c, s in [("on", "on", "lamp", 5), ("on", "off", "fan", 1), ("off", "off", "light", 4)]
)
LABELLED = "text\tlabel\nturn on the lamp\ton\nturn off the fan\toff\ntell anna\ttell\n"


def test_a_model_does_not_drift_from_itself(tiny_bundle: Path) -> None:
    record = check(tiny_bundle, tiny_bundle)
    assert record.passed
    assert record.distance_mean == 0.0
    assert record.cosine is not None
    assert record.cosine.min == 1.0
    assert record.thresholds == {"max_drift": 1e-05}
    assert record.data == "built-in sentences"


def test_a_checkpoint_is_a_reference(tiny_embedder: Path, tiny_int8: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    record = check(tiny_embedder, tiny_int8, tmp_path / "pairs.tsv")
    assert record.n == 6
    assert record.max_length == 48
    assert record.metric is not None
    assert record.metric.name == "spearman"
    assert record.cosine is not None
    assert 0.9 < record.cosine.min <= record.cosine.mean < 1.0


@pytest.mark.parametrize(
    ("bound", "sentence"),
    [
        (Thresholds(min_cosine=0.99999), "cosine .* is below 0.99999"),
        (Thresholds(max_drift=1e-6), "drift .* is above 1e-06"),
        (Thresholds(min_neighbours=0.9999), "neighbours .* is below 0.9999"),
        (Thresholds(max_metric_drop=-200.0), "metric drop .* is above -200"),
    ],
)
def test_each_bound_can_say_no_and_yes(
    bound: Thresholds, sentence: str, tiny_bundle: Path, tiny_int8: Path, tmp_path: Path
) -> None:
    data = tmp_path / "pairs.tsv"
    texts = [f"{a} {b} the {c}" for a in ("turn", "tell", "please") for b in ("on", "off", "in")
             for c in ("lamp", "fan", "kitchen")]  # fmt: skip
    rows = [f"{a}\t{b}\t{i % 6}" for i, (a, b) in enumerate(zip(texts, texts[::-1], strict=True))]
    data.write_text("sentence1\tsentence2\tscore\n" + "\n".join(rows) + "\n")
    with pytest.raises(GateError, match=sentence) as caught:
        check(tiny_bundle, tiny_int8, data, thresholds=bound)
    assert caught.value.record.passed is False
    loose = {name: 0.0 if name.startswith("min") else 2.0 for name in bound.given()}
    assert check(tiny_bundle, tiny_int8, data, thresholds=Thresholds(**loose)).passed


def test_flips_are_held_for_classifiers(tiny_classifier_bundle: Path, tmp_path: Path) -> None:
    swapped = Path(shutil.copytree(tiny_classifier_bundle, tmp_path / "swapped"))
    _negate_logits(swapped)
    (tmp_path / "dev.tsv").write_text(LABELLED)
    with pytest.raises(GateError, match=r"flips 1 is above 0.01") as caught:
        check(
            tiny_classifier_bundle,
            swapped,
            tmp_path / "dev.tsv",
            thresholds=Thresholds(max_flips=0.01),
        )
    assert caught.value.record.labels.flips == 3
    assert caught.value.record.metric.name == "accuracy"


def test_a_broken_promise_is_held_without_being_asked(tiny_bundle: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copytree(tiny_bundle, tmp_path / "damaged"))
    _scale_one_layer(damaged)
    with pytest.raises(GateError, match=r"drift .* is above 1e-05"):
        check(tiny_bundle, damaged)


def test_two_tasks_do_not_compare(tiny_bundle: Path, tiny_tagger_bundle: Path) -> None:
    with pytest.raises(InputError, match="the two do not compare: the reference answers feat"):
        check(tiny_bundle, tiny_tagger_bundle)


def test_a_bound_that_the_data_cannot_answer_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="--max-flips cannot be held here"):
        check(tiny_bundle, tiny_bundle, thresholds=Thresholds(max_flips=1.0))


def test_a_metric_without_labels_says_what_is_missing(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match=r"expected two texts .* and a 'score' column; none found"):
        check(tiny_bundle, tiny_bundle, thresholds=Thresholds(max_metric_drop=1.0))


def test_the_worst_texts_come_first(tiny_bundle: Path, tiny_int8: Path) -> None:
    worst = check(tiny_bundle, tiny_int8).worst
    distances = [item.distance for item in worst]
    assert len(worst) == 20
    assert distances == sorted(distances, reverse=True)
    assert json.dumps([item.text for item in worst])


def _scale_one_layer(bundle: Path) -> None:
    import onnx

    manifest = open_bundle(bundle).manifest
    model = onnx.load(bundle / "model.onnx")
    (weight,) = [
        t for t in model.graph.initializer if t.name == "encoder.layer.0.output.dense.weight"
    ]
    scaled = onnx.numpy_helper.to_array(weight) * np.float32(1.02)
    weight.CopyFrom(onnx.numpy_helper.from_array(scaled, weight.name))
    onnx.save(model, bundle / "model.onnx")
    seal(bundle, manifest)


def _negate_logits(bundle: Path) -> None:
    """Turn the head around: the least likely label becomes the most likely."""
    import onnx

    manifest = open_bundle(bundle).manifest
    model = onnx.load(bundle / "model.onnx")
    (last,) = [node for node in model.graph.node if "logits" in node.output]
    last.output[0] = "straight"
    model.graph.node.append(onnx.helper.make_node("Neg", ["straight"], ["logits"]))
    onnx.save(model, bundle / "model.onnx")
    seal(bundle, manifest)
