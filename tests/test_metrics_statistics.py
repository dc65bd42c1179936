"""Statistics equal those of scipy, scikit-learn, seqeval and an independent nDCG."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import sklearn.metrics
from scipy import stats
from seqeval.metrics import f1_score as seqeval_f1
from seqeval.scheme import IOB2

from edgebert.data import Retrieval
from edgebert.data.entities import join_tokens
from edgebert.drift.ranking import ndcg_at_k, rank_documents, recall_at_k
from edgebert.measures.squad import exact_match, token_f1
from edgebert.measures.statistics import (
    accuracy,
    bootstrap_interval,
    entity_f1,
    entity_hits,
    macro_f1,
    matthews,
    mcnemar_exact,
    pearson,
    spearman,
)
from edgebert.runtimes import Entity

SEEDS = range(5)


def labels_of(seed: int, n: int = 300, labels: int = 6) -> tuple[npt.NDArray[np.int64], ...]:
    """Expected labels, and predictions that are right about half of the time."""
    random = np.random.default_rng(seed)
    expected = random.integers(0, labels, n)
    guess = random.integers(0, labels, n)
    return expected, np.where(random.random(n) < 0.5, expected, guess)


# classification


@pytest.mark.parametrize("seed", SEEDS)
def test_accuracy_macro_f1_and_mcc_are_scikit_learns(seed: int) -> None:
    expected, predicted = labels_of(seed)
    assert accuracy(expected, predicted) == pytest.approx(
        sklearn.metrics.accuracy_score(expected, predicted), abs=1e-9
    )
    assert macro_f1(expected, predicted) == pytest.approx(
        sklearn.metrics.f1_score(expected, predicted, average="macro"), abs=1e-9
    )
    assert matthews(expected, predicted) == pytest.approx(
        sklearn.metrics.matthews_corrcoef(expected, predicted), abs=1e-9
    )


def test_a_label_that_never_occurs_does_not_count() -> None:
    expected, predicted = [0, 0, 5, 5], [0, 5, 5, 7]
    f1 = sklearn.metrics.f1_score(expected, predicted, average="macro")
    assert macro_f1(expected, predicted) == pytest.approx(f1, abs=1e-9)


def test_mcc_of_a_constant_side_is_zero_as_in_scikit_learn() -> None:
    varied, constant = [0, 1, 1, 0], [1, 1, 1, 1]
    assert sklearn.metrics.matthews_corrcoef(varied, constant) == 0.0
    assert matthews(varied, constant) == matthews(constant, varied) == 0.0
    assert matthews(constant, constant) == 0.0


@pytest.mark.parametrize("seed", SEEDS)
def test_multi_label_scores_are_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    expected, predicted = random.integers(0, 2, (2, 80, 4))
    expected[:, 3] = predicted[:, 3] = 0
    assert accuracy(expected, predicted) == pytest.approx(
        sklearn.metrics.accuracy_score(expected, predicted), abs=1e-9
    )
    assert macro_f1(expected, predicted) == pytest.approx(
        sklearn.metrics.f1_score(expected, predicted, average="macro", zero_division=0), abs=1e-9
    )


# correlation


@pytest.mark.parametrize("seed", SEEDS)
def test_correlations_with_ties_are_scipys(seed: int) -> None:
    random = np.random.default_rng(seed)
    a = random.integers(0, 6, 200)
    b = a + random.normal(scale=3, size=200).round(1)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-9)
    assert pearson(a, b) == pytest.approx(stats.pearsonr(a, b).statistic, abs=1e-9)


@pytest.mark.parametrize("constant", [[1, 1, 1], [0.1, 0.1, 0.1]])
def test_a_correlation_with_a_constant_is_not_a_number(constant: list[float]) -> None:
    for correlation in (spearman, pearson):
        assert math.isnan(correlation(constant, [1, 2, 3]))
        assert math.isnan(correlation([1, 2, 3], constant))


def test_a_correlation_of_one_pair_is_not_a_number() -> None:
    assert math.isnan(spearman([1], [2]))


# entities


def tagged(seed: int) -> list[list[str]]:
    """Forty sentences of well-formed BIO tags."""
    random = np.random.default_rng(seed)
    sentences = []
    for length in random.integers(1, 15, 40):
        tags: list[str] = []
        while len(tags) < length:
            kind = str(random.choice(["PER", "LOC", "ORG"]))
            inside = [f"I-{kind}"] * int(random.integers(0, 3))
            tags += [f"B-{kind}", *inside] if random.random() < 0.4 else ["O"]
        sentences.append(tags[:length])
    return sentences


def spans(sentences: Sequence[Sequence[str]]) -> list[list[Entity]]:
    """The same as entities in text."""
    found = [join_tokens(["word"] * len(tags), tags)[1] for tags in sentences]
    return [[Entity("", s.label, 1.0, s.start, s.end) for s in of_one] for of_one in found]


@pytest.mark.parametrize("seed", SEEDS)
def test_entity_f1_is_seqevals(seed: int) -> None:
    gold, found = tagged(seed), tagged(seed)
    other = tagged(seed + 100)
    for row in range(0, 40, 2):  # every second sentence is tagged at random
        found[row] = (other[row] + ["O"] * 15)[: len(gold[row])]
    expected = seqeval_f1(gold, found, mode="strict", scheme=IOB2)
    assert 0 < expected < 1
    assert entity_f1(spans(gold), spans(found)) == pytest.approx(expected, abs=1e-9)


def test_an_entity_is_right_where_span_and_label_are() -> None:
    gold = [[Entity("", "PER", 1.0, 0, 4), Entity("", "LOC", 1.0, 5, 9)], []]
    found = [[Entity("", "PER", 1.0, 0, 4), Entity("", "LOC", 1.0, 5, 8)], gold[0][:1]]
    assert entity_hits(gold, found).tolist() == [[1, 2, 2], [0, 0, 1]]
    assert entity_f1(gold, found) == pytest.approx(2 / 5)
    assert entity_f1([[]], [[]]) == 1.0


# retrieval


def slow_ndcg(grades: dict[int, int], ranked: Sequence[int], k: int) -> float:
    """The definition, one rank at a time."""
    found = sum(grades.get(d, 0) / math.log2(rank + 1) for rank, d in enumerate(ranked[:k], 1))
    best = sorted(grades.values())[::-1][:k]
    return found / sum(grade / math.log2(rank + 1) for rank, grade in enumerate(best, 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_ndcg_is_that_of_the_definition_and_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    grades = {int(d): int(random.integers(1, 4)) for d in random.choice(60, 15, replace=False)}
    scores = random.normal(size=60)
    ranked = [int(d) for d in np.argsort(-scores)]
    gains = np.asarray([[grades.get(d, 0) for d in range(60)]])
    for k in (1, 3, 10, 100):
        found = ndcg_at_k(grades, ranked, k)
        assert found == pytest.approx(slow_ndcg(grades, ranked, k), abs=1e-9)
        sklearns = sklearn.metrics.ndcg_score(gains, scores[None], k=k)
        assert found == pytest.approx(sklearns, abs=1e-9)


def test_recall_counts_relevant_documents_only() -> None:
    relevance = {1: 2, 5: 1, 7: 0}
    assert recall_at_k(relevance, [5, 7, 2, 1], 2) == 0.5
    assert recall_at_k(relevance, [5, 7, 2, 1], 4) == 1.0
    assert recall_at_k({7: 0}, [7], 1) == 0.0
    assert ndcg_at_k({7: 0}, [7], 1) == 0.0


def test_documents_are_ranked_by_cosine_and_ties_by_their_order() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(40 + 300, 8)).astype(np.float32)
    vectors[40 + 150 :] = vectors[40 : 40 + 150]  # each document twice
    retrieval = Retrieval(40, ({},) * 40)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    for query, ranked in enumerate(rank_documents(vectors, retrieval, 5)):
        first, second = ranked[0], ranked[1]
        assert first == int(np.argmax(unit[40 : 40 + 150] @ unit[query]))
        assert second == first + 150
    alone = [ranked[0] for ranked in rank_documents(vectors, retrieval, 1)]
    assert alone == [ranked[0] for ranked in rank_documents(vectors, retrieval, 340)]


def test_a_document_with_the_querys_own_id_is_left_out() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 2]]
    ranked = list(rank_documents(vectors, Retrieval(1, ({},), identical={0: 0}), 3))
    assert 0 not in ranked[0][:2]


# question answering


@pytest.mark.parametrize(
    ("predicted", "answers", "exact", "f1"),
    [
        ("The Eiffel Tower!", ["eiffel tower"], 1, 1),
        ("Denver  Broncos", ["Carolina Panthers", "the Denver Broncos"], 1, 1),
        ("in the Eiffel Tower", ["Eiffel Tower"], 0, 0.8),
        ("a man, a plan", ["plan man"], 0, 1),
        ("nobody", ["somebody else"], 0, 0),
        ("’tis", ["tis"], 0, 0),
        ("", ["something"], 0, 0),
        ("", [], 1, 1),
        ("something", [], 0, 0),
        ("北京大学。", ["北京大学"], 1, 1),
        ("北京", ["北京大学"], 0, 2 / 3),
        ("约 308 分", ["308分"], 0, 0.8),
        ("東京タワー", ["タワー"], 0, 0.75),
    ],
)
def test_answers_are_compared_as_squad_and_mlqa_do(
    predicted: str, answers: list[str], exact: float, f1: float
) -> None:
    assert exact_match(predicted, answers) == exact
    assert token_f1(predicted, answers) == pytest.approx(f1)


# tests and intervals


@pytest.mark.parametrize(
    ("a", "b"), [(0, 0), (0, 1), (5, 5), (3, 12), (12, 3), (1, 40), (900, 1100)]
)
def test_mcnemars_p_is_the_binomial_tests(a: int, b: int) -> None:
    expected = stats.binomtest(a, a + b, 0.5).pvalue if a + b else 1.0
    assert mcnemar_exact(a, b) == pytest.approx(expected, abs=1e-9)


def test_a_bootstrap_interval_of_a_mean_is_about_the_normal_one() -> None:
    values = np.random.default_rng(3).normal(size=400)
    interval = bootstrap_interval(lambda rows: float(values[rows].mean()), 400, resamples=4000)
    error = 1.96 * values.std() / np.sqrt(400)
    expected = (values.mean() - error, values.mean() + error)
    assert interval == pytest.approx(expected, abs=0.1 * error)


def test_a_bootstrap_interval_comes_out_the_same_again() -> None:
    values = np.arange(50.0)
    intervals = {
        bootstrap_interval(lambda rows: float(values[rows].mean()), 50, resamples=100)
        for _ in range(2)
    }
    assert len(intervals) == 1
    other = bootstrap_interval(lambda rows: float(values[rows].mean()), 50, resamples=100, seed=1)
    assert other not in intervals


def test_resamples_without_a_number_are_left_out() -> None:
    assert bootstrap_interval(lambda rows: math.nan, 10, resamples=5) is None
    two = [0.0, 1.0]

    def sometimes(rows: npt.NDArray[np.intp]) -> float:
        return spearman(rows, rows)

    assert bootstrap_interval(sometimes, len(two), resamples=50) == pytest.approx((1.0, 1.0))


def test_a_thousand_resamples_of_a_rank_correlation_take_little_time() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 1500))
    begin = time.perf_counter()
    bootstrap_interval(lambda rows: spearman(a[rows], b[rows]), 1500)
    assert time.perf_counter() - begin < 3
