"""Search and reranking: the best ones, all of them, in an order that is no accident."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgebert.errors import InputError
from edgebert.runtimes import Hit, Model, load
from edgebert.vectors import searching as module
from edgebert.vectors.forms import floats, packed
from edgebert.vectors.ranking import largest
from edgebert.vectors.searching import search
from edgebert.vectors.similarity import as_bits

CORPUS = [f"{verb} the {thing}" for verb in ("turn on", "turn off") for thing in ("lamp", "fan")]


@pytest.fixture(scope="module")
def model(tiny_bundle: Path) -> Model:
    return load(tiny_bundle)


@pytest.fixture(scope="module")
def reranker(tiny_reranker_bundle: Path) -> Model:
    return load(tiny_reranker_bundle)


def vectors(n: int, dim: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)


def brute_force(queries: np.ndarray, corpus: np.ndarray, k: int) -> list[list[tuple[int, float]]]:
    """Every cosine in float64, sorted whole."""
    q, c = (np.float64(side) for side in (floats(queries), floats(corpus)))
    q, c = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (q, c))
    found = []
    for query in q:
        scores = [float((row * query).sum()) for row in c]
        order = sorted(range(len(c)), key=lambda i: (-round(scores[i], 12), i))
        found.append([(i, scores[i]) for i in order[:k]])
    return found


def endless_lamps() -> Iterator[str]:
    while True:
        yield "turn on the lamp"


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "binary"])
@pytest.mark.parametrize("k", [1, 7, 400])
def test_search_finds_what_brute_force_finds(
    dtype: str, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of 62 vectors, and of fewer queries than there are."""
    monkeypatch.setattr(module, "_NUMBERS", 4000)
    monkeypatch.setattr(module, "_QUERIES", 5)
    corpus = vectors(300, 64, seed=1)
    corpus[200:250] = corpus[:50]  # the same texts once more
    corpus = packed(corpus, dtype)
    queries = packed(vectors(12, 64, seed=2), dtype)
    expected = brute_force(queries, corpus, k)
    for hits, right in zip(search(queries, corpus, k), expected, strict=True):
        assert [hit.index for hit in hits] == [index for index, _ in right]
        assert [hit.score for hit in hits] == pytest.approx([s for _, s in right], abs=1e-9)


def test_equal_vectors_are_found_in_the_order_of_the_corpus() -> None:
    """Though a product of matrices in float32 does not give equal rows equal numbers."""
    row = vectors(1, 384, seed=3)
    queries = vectors(33, 384, seed=4)
    corpus = np.tile(row, (8191, 1))
    for hits in search(queries, corpus, 4):
        assert [hit.index for hit in hits] == [0, 1, 2, 3]
        assert len({hit.score for hit in hits}) == 1


def test_a_query_is_answered_alike_alone_and_among_others() -> None:
    corpus, queries = vectors(2000, 64, seed=5), vectors(9, 64, seed=6)
    together = search(queries, corpus, 10)
    for i in range(len(queries)):
        assert search(queries[i : i + 1], corpus, 10) == [together[i]]


def test_a_corpus_that_gets_better_towards_its_end_is_searched_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_NUMBERS", 64)
    angles = np.linspace(1.5, 0, 200)
    corpus = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    (hits,) = search(np.array([[1, 0]], np.float32), corpus, 3)
    assert [hit.index for hit in hits] == [199, 198, 197]


def test_a_corpus_of_vectors_may_lie_in_a_file(model: Model, tmp_path: Path) -> None:
    np.save(tmp_path / "corpus.npy", model.embed(CORPUS))
    mapped = np.load(tmp_path / "corpus.npy", mmap_mode="r")
    hits = model.search("turn on the lamp", mapped, k=2)
    assert hits[0] == Hit(0, hits[0].score, None)
    assert hits[0].score == pytest.approx(1.0, abs=1e-6)


def test_search_gives_texts_where_it_was_given_texts(model: Model) -> None:
    hits = model.search("turn off the fan", CORPUS, k=2)
    assert (hits[0].index, hits[0].text) == (3, "turn off the fan")
    assert hits[0].score == pytest.approx(1.0, abs=1e-6)
    several = model.search([CORPUS[1], "turn off the fan"], (text for text in CORPUS), k=2)
    assert [found[0].index for found in several] == [1, 3]
    assert several[1] == hits
    stream = model.search(endless_lamps(), CORPUS, k=1)
    assert next(stream)[0].text == "turn on the lamp"  # before the stream has ended
    stream = model.search((text for text in CORPUS), CORPUS, k=1)
    assert iter(stream) is stream
    assert [found[0].index for found in stream] == [0, 1, 2, 3]
    assert model.search([], CORPUS) == []


def test_a_corpus_smaller_than_k_is_found_whole(model: Model) -> None:
    assert sorted(hit.index for hit in model.search("lamp", CORPUS)) == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", ["float16", "int8", "binary"])
def test_texts_are_searched_in_vectors_of_few_bits(model: Model, dtype: str) -> None:
    corpus = model.embed(CORPUS, dtype=dtype)
    expected = [found[0].index for found in model.search(CORPUS, CORPUS, k=1)]
    assert [found[0].index for found in model.search(CORPUS, corpus, k=1)] == expected
    rows = list(model.embed(iter(CORPUS), dtype=dtype))  # and vectors one by one
    assert [found[0].index for found in model.search(iter(rows), rows, k=1)] == expected
    assert model.search(rows[2], corpus, k=1)[0].index == 2


def test_bits_are_searched_in_a_corpus_of_numbers_block_by_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queries, corpus = packed(vectors(3, 64, 1), "binary"), packed(vectors(500, 64, 2), "int8")
    expected = search(queries, packed(floats(corpus), "binary"), 7)
    rows: list[int] = []

    def spied(part: np.ndarray) -> np.ndarray:
        rows.append(len(part))
        return as_bits(part)

    monkeypatch.setattr(module, "as_bits", spied)
    monkeypatch.setattr(module, "_NUMBERS", 64 * 40)
    assert search(queries, corpus, 7) == expected
    assert (max(rows), sum(rows)) == (40, 500)


def test_no_score_is_above_one(model: Model) -> None:
    texts = [f"{text} {n}" for text in CORPUS for n in range(30)]
    assert max(hits[0].score for hits in model.search(texts, texts, k=1)) <= 1.0


def test_lengths_do_not_matter_even_where_their_squares_are_no_float32(model: Model) -> None:
    corpus = model.embed(CORPUS)
    long = corpus * np.float32(1e25)
    assert model.similarity(long[0], corpus[0]) == pytest.approx(1, abs=1e-6)
    assert [hit.index for hit in model.search(long[2], long)] == [
        hit.index for hit in model.search(corpus[2], corpus)
    ]
    with pytest.raises(InputError, match=r"^b: vector 1 holds a number that is not finite$"):
        model.similarity(corpus, np.array([[1.0] * 64, [np.inf] * 64]))


def test_search_puts_the_prompts_before_the_texts(tiny_bundle: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_bundle, tmp_path / "bundle")
    manifest = json.loads((tmp_path / "bundle/manifest.json").read_text())
    manifest["prompts"] = {"query": "please ", "passage": "the "}
    manifest["default_prompt"] = "query"
    (tmp_path / "bundle/manifest.json").write_text(json.dumps(manifest))
    model = load(tmp_path / "bundle")
    expected = model.similarity(
        model.embed("lamp", prompt="query"), model.embed(CORPUS, prompt="passage")
    )
    found = {hit.index: hit.score for hit in model.search("lamp", CORPUS)}
    assert [found[i] for i in range(4)] == pytest.approx(expected.tolist(), abs=1e-6)
    plain = model.similarity(model.embed("lamp", prompt=""), model.embed(CORPUS, prompt=""))
    assert np.abs(plain - expected).max() > 1e-3


@pytest.mark.parametrize(
    ("queries", "corpus", "k", "message"),
    [
        ("a", [], 10, "the corpus is empty"),
        ("a", np.zeros((0, 64), np.float32), 10, "the corpus is empty"),
        ("a", "b", 10, "corpus: expected texts or vectors, not str"),
        ("a", None, 10, "corpus: expected texts or vectors, not NoneType"),
        ("a", ["b", 3], 10, "corpus: text 1: expected str, not int"),
        (["a", b"b"], ["c"], 10, "queries: text 1: expected str, not bytes"),
        ("a", ["b"], 0, "k=0: expected a whole number, at least 1"),
        ("a", ["b"], 1.5, "k=1.5: expected a whole number, at least 1"),
        (7, ["b"], 1, "queries: expected texts or vectors, not int"),
        (
            "a",
            np.ones((2, 32), np.float32),
            1,
            (
                "queries of 64 numbers and a corpus of 32 do not compare: embed both with the same "
                "model and truncate_dim"
            ),
        ),
        (
            "a",
            np.array([[0.0] * 64, [np.nan] * 64]),
            1,
            "corpus: vector 1 holds a number that is not finite",
        ),
        (
            np.full(64, np.inf, np.float32),
            ["b"],
            1,
            "queries: vector 0 holds a number that is not finite",
        ),
    ],
)
def test_what_cannot_be_searched_is_named(
    model: Model, queries: Any, corpus: Any, k: Any, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        model.search(queries, corpus, k)
    assert str(caught.value) == message


def test_the_largest_are_found_in_order_and_the_first_of_equals_first() -> None:
    scores = np.array([1.0, 3.0, 2.0, 3.0, 3.0, 0.0])
    assert largest(scores, 2).tolist() == [1, 3]
    assert largest(scores, 4).tolist() == [1, 3, 4, 2]
    assert largest(scores, 9).tolist() == [1, 3, 4, 2, 0, 5]


def test_reranking_sorts_texts_by_the_score_of_their_pair(reranker: Model) -> None:
    texts = ["the lamp is off", "anna is late", "", "anna is late", "a " * 90]
    hits = reranker.rerank("turn the lamp on", iter(texts))
    scores = [
        answer.score for answer in reranker.classify([("turn the lamp on", t) for t in texts])
    ]
    assert sorted(hit.index for hit in hits) == [0, 1, 2, 3, 4]
    assert [hit.score for hit in hits] == sorted(scores, reverse=True)
    for hit in hits:
        assert (hit.score, hit.text) == (scores[hit.index], texts[hit.index])
    order = [hit.index for hit in hits]
    assert order.index(1) + 1 == order.index(3)  # the same text, the first one first
    assert reranker.rerank("a", []) == []


@pytest.mark.parametrize(
    ("query", "texts", "message"),
    [
        (3, ["a"], "query: expected str, not int"),
        ("a", "b", "texts: expected several texts, not str"),
        ("a", 3, "texts: expected several texts, not int"),
        ("a", ["b", None], "text 1: expected str, not NoneType"),
    ],
)
def test_what_cannot_be_ranked_is_named(
    reranker: Model, query: Any, texts: Any, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        reranker.rerank(query, texts)
    assert str(caught.value) == message


def test_a_classifier_of_several_labels_does_not_rank(tiny_classifier_bundle: Path) -> None:
    with pytest.raises(InputError, match="knows 3 labels; rerank needs a single one"):
        load(tiny_classifier_bundle).rerank("a", ["b"])


def test_a_wrong_query_late_in_a_stream_is_named(model: Model) -> None:
    found = model.search(iter(["turn on", 3]), CORPUS, k=1)
    assert len(next(found)) == 1
    with pytest.raises(InputError, match="text 1: expected str, not int"):
        next(found)
    found = model.search(iter([model.embed("turn on"), np.ones(3)]), CORPUS, k=1)
    assert len(next(found)) == 1
    with pytest.raises(InputError, match="queries of 3 numbers and a corpus of 64"):
        next(found)
