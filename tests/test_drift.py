"""Drift: statistics that agree with scipy, gates that pass and that say no."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from edgebert.bundle import open_bundle, seal
from edgebert.data import Examples, Span
from edgebert.drift import check
from edgebert.drift.checking import Thresholds
from edgebert.drift.distances import (
    cosines,
    entity_changes,
    exact_binomial_interval,
    label_flips,
    neighbour_overlap,
    probability_changes,
)
from edgebert.drift.metrics import entity_f1, label_indices, spearman
from edgebert.drift.promises import Floors, describe_drift
from edgebert.errors import GateError, InputError
from edgebert.runtimes import Entity, load

PAIRS = "sentence1\tsentence2\tscore\n" + "".join(
    f"turn {a} the lamp\tturn {b} the {c}\t{s}\n"
    for a, b, c, s in [("on", "on", "lamp", 5), ("on", "off", "fan", 1), ("off", "off", "light", 4)]
)
LABELLED = "text\tlabel\nturn on the lamp\ton\nturn off the fan\toff\ntell anna\ttell\n"


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (3, 40), (10, 10), (7, 2000)])
def test_the_binomial_interval_is_scipys(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(method="exact")
    assert exact_binomial_interval(hits, n) == pytest.approx(tuple(expected), abs=1e-9)


def test_spearman_with_ties_is_scipys() -> None:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 6, 200), random.normal(size=200)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


def test_spearman_of_a_constant_is_not_a_number() -> None:
    assert np.isnan(spearman([1, 1, 1], [1, 2, 3]))


def test_cosines_of_equal_and_of_zero_rows_are_one() -> None:
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    others = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    assert cosines(rows, others).tolist() == [1.0, 0.0, 1.0]


def test_neighbours_of_a_turned_copy_are_the_same() -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(50, 8)).astype(np.float32)
    turn = np.linalg.qr(random.normal(size=(8, 8)))[0].astype(np.float32)
    assert neighbour_overlap(vectors, vectors @ turn) == 1.0
    assert neighbour_overlap(vectors, random.normal(size=(50, 8)).astype(np.float32)) < 0.5


def test_a_flip_is_a_changed_decision() -> None:
    before = [np.array([1.0, 2.0, 0.0]), np.array([1.0, 0.0, 0.0])]
    after = [np.array([3.0, 2.0, 0.0]), np.array([5.0, 0.0, 4.0])]
    flips = label_flips(before, after, multi_label=False)
    assert (flips.flips, flips.n, flips.rate) == (1, 2, 0.5)


def test_a_multi_label_flip_is_any_label_that_crosses_one_half() -> None:
    before, after = [np.array([1.0, -1.0])], [np.array([2.0, 0.5])]
    assert label_flips(before, after, multi_label=True).flips == 1
    assert label_flips(before, after, multi_label=False).flips == 0


def test_each_token_can_flip() -> None:
    before = [np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])]
    after = [np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])]
    assert label_flips(before, after, multi_label=False).rate == pytest.approx(1 / 3)


def test_other_tokens_are_as_far_as_can_be() -> None:
    changes = probability_changes([np.zeros((3, 2))], [np.zeros((4, 2))], multi_label=False)  # type: ignore[list-item]
    assert changes.tolist() == [1.0]


def test_entity_changes_are_told_apart() -> None:
    before = [
        [_entity(0, 4, "PER"), _entity(5, 9, "LOC"), _entity(10, 14, "ORG"), _entity(20, 22, "PER")]
    ]
    after = [
        [
            _entity(0, 4, "ORG"),
            _entity(5, 12, "LOC"),
            _entity(30, 34, "PER"),
            _entity(20, 22, "PER"),
        ]
    ]
    changes = entity_changes(before, after)
    assert (changes.relabelled, changes.moved, changes.lost, changes.added) == (1, 1, 1, 1)


def test_entity_f1_wants_span_and_label() -> None:
    gold = [[Span(0, 4, "PER"), Span(5, 9, "LOC")]]
    found = [[_entity(0, 4, "PER"), _entity(5, 8, "LOC"), _entity(10, 12, "PER")]]
    assert entity_f1(gold, found) == pytest.approx(2 * 1 / (2 + 3))
    assert entity_f1([[]], [[]]) == 1.0


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
    loose = {name: 0.0 if name.startswith("min") else 100.0 for name in bound.given()}
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
    with pytest.raises(InputError, match="the two do not compare: task is"):
        check(tiny_bundle, tiny_tagger_bundle)


def test_a_bound_that_the_data_cannot_answer_is_refused(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match="--max-flips cannot be held here"):
        check(tiny_bundle, tiny_bundle, thresholds=Thresholds(max_flips=1.0))


def test_a_metric_without_labels_says_what_is_missing(tiny_bundle: Path) -> None:
    with pytest.raises(InputError, match=r"expected two texts .* and a 'score' column; none found"):
        check(tiny_bundle, tiny_bundle, thresholds=Thresholds(max_metric_drop=1.0))


def test_an_unknown_label_is_named(tiny_classifier_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("text\tlabel\na\tmaybe\n")
    with pytest.raises(InputError, match="label 'maybe' is not one of the model's 3 labels"):
        check(tiny_classifier_bundle, tiny_classifier_bundle, tmp_path / "dev.tsv")


def test_integer_labels_are_indices(tiny_classifier_bundle: Path) -> None:
    examples = Examples(Path("dev.tsv"), ("a",), labels=(("2",),))
    assert label_indices(load(tiny_classifier_bundle), examples, ["2"]) == {2}


def test_promises_are_twice_what_was_measured(tiny_bundle: Path, tiny_int8: Path) -> None:
    from edgebert.data.samples import built_in_examples
    from edgebert.drift.comparing import compare

    comparison = compare(load(tiny_bundle), load(tiny_int8), built_in_examples())
    drift = describe_drift(comparison, "here", Floors(drift=1e-9, flips=0.0))
    assert 2 * drift.mean <= drift.promises["max_drift"] <= 2.2 * drift.mean
    floor = describe_drift(comparison, "here", Floors(drift=0.5, flips=0.0))
    assert floor.promises == {"max_drift": 0.5}


def test_the_worst_texts_come_first(tiny_bundle: Path, tiny_int8: Path) -> None:
    worst = check(tiny_bundle, tiny_int8).worst
    distances = [item.distance for item in worst]
    assert len(worst) == 20
    assert distances == sorted(distances, reverse=True)
    assert json.dumps([item.text for item in worst])


def _entity(start: int, end: int, label: str) -> Entity:
    return Entity("x" * (end - start), label, 1.0, start, end)


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
