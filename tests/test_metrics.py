"""Task metrics: the right ones for each task, with paired intervals and an exact test."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics
from scipy import stats

from edgebert.arrays import Array
from edgebert.data import Examples, Retrieval, Span, read_examples
from edgebert.drift.metrics import label_indices, scores_of
from edgebert.errors import InputError
from edgebert.measures.metrics import compare_scores, mcnemar_of
from edgebert.measures.scores import Scores
from edgebert.records.manifest import EMBEDDINGS, TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION
from edgebert.runtimes import Entity
from edgebert.tasks import task_of
from edgebert.tasks.spec import ModelSpec

HERE = Path("dev.tsv")


def spec(task: str, labels: tuple[str, ...] = (), *, multi_label: bool = False) -> ModelSpec:
    return ModelSpec(task_of(task), max_length=64, labels=labels, multi_label=multi_label)


EMBEDDER = spec(EMBEDDINGS)
CLASSIFIER = spec(TEXT_CLASSIFICATION, ("off", "on", "tell"))
TOPICS = spec(TEXT_CLASSIFICATION, ("a", "b", "c"), multi_label=True)
TAGGER = spec(TOKEN_CLASSIFICATION)
READER = spec("question-answering")


def labelled(*labels: tuple[str, ...]) -> Examples:
    lines = tuple(range(2, len(labels) + 2))
    return Examples(HERE, ("text",) * len(labels), labels=labels, lines=lines)


def vectors(*rows: list[float]) -> list[Array]:
    return [np.asarray(row, np.float32) for row in rows]


def values(scores: tuple[Scores, ...]) -> dict[str, float]:
    return {one.name: one.value for one in scores}


def test_a_classifier_has_accuracy_macro_f1_and_mcc() -> None:
    random = np.random.default_rng(0)
    expected = random.integers(0, 3, 60)
    outputs = [row.astype(np.float32) for row in random.normal(size=(60, 3))]
    found = [int(row.argmax()) for row in outputs]
    names = [(CLASSIFIER.labels[label],) for label in expected]
    scores = scores_of(CLASSIFIER, labelled(*names), outputs)
    assert values(scores) == pytest.approx(
        {
            "accuracy": 100 * sklearn.metrics.accuracy_score(expected, found),
            "macro_f1": 100 * sklearn.metrics.f1_score(expected, found, average="macro"),
            "mcc": 100 * sklearn.metrics.matthews_corrcoef(expected, found),
        },
        abs=1e-6,
    )


def test_a_multi_label_text_is_right_where_all_its_labels_are() -> None:
    examples = labelled(("a", "b"), ("b",), ())
    scores = scores_of(TOPICS, examples, vectors([1, 1, -1], [-1, 1, 1], [-1, -1, -1]))
    assert values(scores) == pytest.approx(
        {"accuracy": 200 / 3, "macro_f1": 200 / 3}  # F1 of a and b is 1, of c 0
    )


def test_a_cell_holds_several_labels_for_a_multi_label_model_alone() -> None:
    examples = labelled(("a|b",), ("b",))
    scores = scores_of(TOPICS, examples, vectors([1, 1, -1], [-1, 1, -1]))
    assert scores[0].value == 100
    genres: ModelSpec = spec(TEXT_CLASSIFICATION, ("a|b", "b"))
    assert scores_of(genres, examples, vectors([1, 0], [0, 1]))[0].value == 100
    with pytest.raises(InputError, match=r"^dev\.tsv, line 2: label 'a\|b' is not one of the"):
        scores_of(CLASSIFIER, examples, vectors([1, 0, 0], [0, 1, 0]))
    named: ModelSpec = spec(TEXT_CLASSIFICATION, ("a|b", "b"), multi_label=True)
    with pytest.raises(InputError, match=r"line 2: 'a\|b' may be one label or 2: give lists"):
        scores_of(named, examples, vectors([1, 0], [0, 1]))


def test_a_number_is_no_index_where_labels_are_numbers() -> None:
    stars: ModelSpec = spec(TEXT_CLASSIFICATION, ("1", "2", "3"))
    examples = labelled(("1",), ("0",))
    assert label_indices(stars, examples, ["1", "3"]) == {0, 2}
    with pytest.raises(InputError, match=r"line 3: label '0' is not one of the model's 3 labels"):
        scores_of(stars, examples, vectors([1, 0, 0], [1, 0, 0]))


def test_an_embedder_is_correlated_with_the_scores_of_pairs() -> None:
    random = np.random.default_rng(1)
    outputs = random.normal(size=(40, 8)).astype(np.float32)
    gold = tuple(float(score) for score in random.integers(0, 6, 20))
    cosine = [
        float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
        for a, b in zip(outputs[0::2].astype(float), outputs[1::2].astype(float), strict=True)
    ]
    examples = Examples(HERE, (("x", "y"),) * 20, scores=gold)
    assert values(scores_of(EMBEDDER, examples, list(outputs))) == pytest.approx(
        {
            "spearman": 100 * stats.spearmanr(cosine, gold).statistic,
            "pearson": 100 * stats.pearsonr(cosine, gold).statistic,
        },
        abs=1e-6,
    )


def test_an_embedder_is_scored_by_what_it_retrieves() -> None:
    texts = ("query", "other", *("document",) * 120)
    relevance: tuple[dict[int, int], ...] = ({0: 2, 5: 1}, {7: 1})
    examples = Examples(HERE, texts, retrieval=Retrieval(2, relevance))
    outputs = np.random.default_rng(2).normal(size=(122, 16)).astype(np.float32)
    scores = scores_of(EMBEDDER, examples, list(outputs))
    unit = outputs / np.linalg.norm(outputs, axis=1, keepdims=True)
    gains = np.asarray([[grades.get(d, 0) for d in range(120)] for grades in relevance])
    expected = sklearn.metrics.ndcg_score(gains, unit[:2] @ unit[2:].T, k=10)
    assert [one.name for one in scores] == ["ndcg_at_10", "recall_at_10", "recall_at_100"]
    assert scores[0].value == pytest.approx(100 * expected, abs=1e-6)
    assert [one.rows.shape for one in scores] == [(2, 1)] * 3


def test_a_tagger_is_scored_by_its_entities() -> None:
    gold = ((Span(0, 4, "PER"), Span(5, 9, "LOC")), ())
    found = [[Entity("Anna", "PER", 1.0, 0, 4)], [Entity("Oslo", "LOC", 1.0, 0, 4)]]
    examples = Examples(HERE, ("Anna Oslo", "Oslo"), entities=gold)
    (score,) = scores_of(TAGGER, examples, (), entities=found)
    assert values((score,)) == pytest.approx({"entity_f1": 50})
    assert score.part([0]).value == pytest.approx(200 / 3)


def test_a_reader_is_scored_by_its_answers() -> None:
    examples = Examples(HERE, (("q", "c"),) * 2, answers=(("the red lamp",), ()))
    scores = scores_of(READER, examples, (), answers=["lamp", ""])
    assert values(scores) == pytest.approx({"f1": 100 * (2 / 3 + 1) / 2, "exact_match": 50})


@pytest.mark.parametrize("model", [EMBEDDER, CLASSIFIER, TOPICS, TAGGER, READER])
def test_without_labels_there_is_no_metric_and_asking_for_one_is_refused(model: ModelSpec) -> None:
    examples = Examples(HERE, ("a", "b"), columns=("text", "lable"))
    assert scores_of(model, examples, vectors([1, 0, 0], [0, 1, 0]), answers=["", ""]) == ()
    with pytest.raises(InputError, match=r"dev\.tsv, line 1: expected .*: text, lable"):
        model.task.require_gold(examples, gives_score=model.gives_score)


def test_labels_are_found_by_name_and_integers_are_indices() -> None:
    examples = labelled(("on",))
    assert label_indices(CLASSIFIER, examples, ["on", "2"]) == {1, 2}


def test_an_unknown_label_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text("text\tlabel\na\ton\n\nb\tmaybe\n")
    with pytest.raises(InputError) as caught:
        scores_of(CLASSIFIER, read_examples(tmp_path / "dev.tsv"), vectors([1, 0, 0], [1, 0, 0]))
    assert str(caught.value) == (
        f"{tmp_path / 'dev.tsv'}, line 4: label 'maybe' is not one of the model's 3 labels "
        "(off, on, tell)"
    )


@pytest.mark.parametrize(("names", "count"), [(("on", "off"), 2), ((), 0)])
def test_one_label_to_a_text_is_held(names: tuple[str, ...], count: int) -> None:
    with pytest.raises(InputError, match=rf"dev\.tsv, line 2: {count} labels, but the model gives"):
        scores_of(CLASSIFIER, labelled(names), vectors([1, 0, 0]))


def accuracy_of(right: list[bool]) -> Scores:
    """Accuracy of a classifier that is right on these texts only."""
    outputs = vectors(*([0.0, 1.0, 0.0] if one else [1.0, 0.0, 0.0] for one in right))
    return scores_of(CLASSIFIER, labelled(*[("on",)] * len(right)), outputs)[0]


def test_the_interval_of_a_drop_is_paired() -> None:
    random = np.random.default_rng(0)
    before = [bool(one) for one in random.random(500) < 0.7]
    after = [one and row % 25 > 0 for row, one in enumerate(before)]  # loses 4 % of the rows
    metric = compare_scores(accuracy_of(before), accuracy_of(after))
    assert metric.drop == pytest.approx(metric.reference - metric.candidate)
    assert metric.ci95 is not None
    low, high = metric.ci95
    assert 0 < low < metric.drop < high
    assert high - low < 4  # of two unpaired samples of 500 it would be some 11 points


def test_a_side_does_not_differ_from_itself() -> None:
    scores = accuracy_of([True, False] * 20)
    metric = compare_scores(scores, scores)
    assert (metric.drop, metric.ci95) == (0.0, (0.0, 0.0))


def test_a_correlation_without_spread_is_not_a_number_and_has_no_interval() -> None:
    examples = Examples(HERE, (("a", "b"),) * 3, scores=(2.0,) * 3)
    outputs = list(np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32))
    (spearman, _) = scores_of(EMBEDDER, examples, outputs)
    metric = compare_scores(spearman, spearman)
    assert math.isnan(metric.drop)
    assert metric.ci95 is None


def test_mcnemar_counts_what_one_side_alone_got_right() -> None:
    before, after = [True] * 12 + [False] * 8, [False] * 9 + [True] * 5 + [False] * 6
    result = mcnemar_of(accuracy_of(before), accuracy_of(after))
    assert result is not None
    assert (result.only_reference, result.only_candidate) == (9, 2)
    assert result.p == pytest.approx(stats.binomtest(9, 11, 0.5).pvalue, abs=1e-9)


def test_mcnemar_needs_right_and_wrong() -> None:
    (_, macro_f1, _) = scores_of(CLASSIFIER, labelled(("on",)), vectors([1, 0, 0]))
    assert mcnemar_of(macro_f1, macro_f1) is None
