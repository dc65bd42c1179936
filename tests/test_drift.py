"""Drift: statistics that agree with scipy, gates that pass and that say no."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from edgebert.data import Examples
from edgebert.drift import check
from edgebert.drift.metrics import label_indices
from edgebert.drift.promises import Floors, describe_drift
from edgebert.errors import InputError
from edgebert.measures.distances import entity_disagreement, histogram, probability_changes
from edgebert.measures.entities import entity_changes
from edgebert.measures.labels import changed_decisions, label_flips
from edgebert.measures.logits import logit_divergence
from edgebert.measures.neighbours import neighbour_overlap
from edgebert.measures.pair_similarity import pair_similarity
from edgebert.measures.similarity import cosines
from edgebert.measures.statistics import exact_binomial_interval
from edgebert.records.manifest import EMBEDDINGS
from edgebert.runtimes import Entity, load
from edgebert.tasks import task_of

PAIRS = "sentence1\tsentence2\tscore\n" + "".join(
    f"turn {a} the lamp\tturn {b} the {c}\t{s}\n"
    for a, b, c, s in [("on", "on", "lamp", 5), ("on", "off", "fan", 1), ("off", "off", "light", 4)]
)
LABELLED = "text\tlabel\nturn on the lamp\ton\nturn off the fan\toff\ntell anna\ttell\n"


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (3, 40), (10, 10), (7, 2000)])
def test_the_binomial_interval_is_scipys(hits: int, n: int) -> None:
    expected = stats.binomtest(hits, n).proportion_ci(method="exact")
    assert exact_binomial_interval(hits, n) == pytest.approx(tuple(expected), abs=1e-9)


def test_cosines_of_equal_and_of_zero_rows_are_one() -> None:
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    others = np.array([[0.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    assert cosines(rows, others).tolist() == [1.0, 0.0, 1.0]


def test_what_is_not_a_number_is_as_far_as_can_be() -> None:
    rows, others = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[np.nan, 0.0], [0.0, 0.0]])
    assert cosines(rows, others).tolist() == [-1.0, -1.0]
    logits, broken = [np.zeros(2, np.float32)], [np.full(2, np.nan, np.float32)]
    assert probability_changes(logits, broken).tolist() == [1.0]


def test_neighbours_of_a_turned_copy_are_the_same() -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(50, 8)).astype(np.float32)
    turn = np.linalg.qr(random.normal(size=(8, 8)))[0].astype(np.float32)
    assert neighbour_overlap(vectors, vectors @ turn) == 1.0
    assert neighbour_overlap(vectors, random.normal(size=(50, 8)).astype(np.float32)) < 0.5


def test_a_flip_is_a_changed_decision() -> None:
    before = [np.array([1.0, 2.0, 0.0]), np.array([1.0, 0.0, 0.0])]
    after = [np.array([3.0, 2.0, 0.0]), np.array([5.0, 0.0, 4.0])]
    flips = label_flips(changed_decisions(before, after, multi_label=False))
    assert (flips.flips, flips.n, flips.rate) == (1, 2, 0.5)


def test_a_multi_label_flip_is_any_label_that_crosses_one_half() -> None:
    before, after = [np.array([1.0, -1.0])], [np.array([2.0, 0.5])]
    assert label_flips(changed_decisions(before, after, multi_label=True)).flips == 1
    assert label_flips(changed_decisions(before, after, multi_label=False)).flips == 0


def test_each_token_can_flip() -> None:
    before = [np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])]
    after = [np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])]
    assert label_flips(changed_decisions(before, after, multi_label=False)).rate == pytest.approx(
        1 / 3
    )


def test_other_tokens_are_as_far_as_can_be() -> None:
    changes = probability_changes([np.zeros((3, 2))], [np.zeros((4, 2))])  # type: ignore[list-item]
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


def test_the_histogram_counts_every_text_once() -> None:
    counted = histogram(np.array([0.0, 1e-9, 2e-4, 2.1e-4, 1.9]))
    assert sum(counted.counts) == 5
    assert len(counted.edges) == len(counted.counts) + 1
    assert counted.edges[0] == 0.0
    assert counted.counts[0] == 2


def test_divergence_of_logits_is_scipys_relative_entropy() -> None:
    random = np.random.default_rng(2)
    before, after = (list(random.normal(size=(6, 4)).astype(np.float32)) for _ in range(2))
    found = logit_divergence(before, after, multi_label=False)
    chances = [special.softmax(np.stack(rows).astype(float), axis=1) for rows in (before, after)]
    expected = special.rel_entr(*chances).sum(axis=1)
    assert found is not None
    assert found.kl_mean == pytest.approx(expected.mean(), abs=1e-6)
    assert found.kl_max == pytest.approx(expected.max(), abs=1e-6)


def test_a_constant_on_all_logits_is_no_divergence() -> None:
    rows = [np.array([1.0, 2.0], np.float32)]
    found = logit_divergence(rows, [row + 3 for row in rows], multi_label=False)
    assert found is not None
    assert found.max_abs == pytest.approx(0.0, abs=1e-6)


def test_similarity_of_pairs_is_measured_between_texts() -> None:
    vectors = np.eye(4, dtype=np.float32)
    assert pair_similarity(vectors, vectors, pairs=50, seed=0).max_abs == 0.0
    turned = pair_similarity(vectors, np.ones((4, 4), np.float32), pairs=50, seed=0)
    assert turned.mean_abs == pytest.approx(1.0)


def test_entities_that_only_one_side_found_are_its_distance() -> None:
    before, after = [[_entity(0, 4, "PER")], []], [[_entity(0, 4, "LOC")], []]
    assert entity_disagreement(before, after).tolist() == [1.0, 0.0]


def test_an_unknown_label_is_named(tiny_classifier_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("text\tlabel\na\tmaybe\n")
    with pytest.raises(InputError, match="label 'maybe' is not one of the model's 3 labels"):
        check(tiny_classifier_bundle, tiny_classifier_bundle, tmp_path / "dev.tsv")


def test_integer_labels_are_indices(tiny_classifier_bundle: Path) -> None:
    examples = Examples(Path("dev.tsv"), ("a",), labels=(("2",),))
    assert label_indices(load(tiny_classifier_bundle).spec, examples, ["2"]) == {2}


def test_promises_are_twice_what_was_measured(tiny_bundle: Path, tiny_int8: Path) -> None:
    from edgebert.drift.comparing import compare

    comparison = compare(
        load(tiny_bundle), load(tiny_int8), task_of(EMBEDDINGS).built_in_examples()
    )
    drift = describe_drift(comparison, "here", Floors(drift=1e-9, flips=0.0))
    assert 2 * drift.mean <= drift.promises["max_drift"] <= 2.2 * drift.mean
    floor = describe_drift(comparison, "here", Floors(drift=0.5, flips=0.0))
    assert floor.promises == {"max_drift": 0.5}


def test_few_texts_promise_little_about_labels(tiny_classifier_bundle: Path) -> None:
    from edgebert.drift.comparing import compare

    model = load(tiny_classifier_bundle)
    drift = describe_drift(
        compare(model, model, task_of(EMBEDDINGS).built_in_examples()), "here", Floors(1e-9, 0.0)
    )
    assert drift.flips == 0.0
    assert 0.08 < drift.promises["max_flips"] < 0.1  # 3 in 40 would not surprise


def _entity(start: int, end: int, label: str) -> Entity:
    return Entity("x" * (end - start), label, 1.0, start, end)
