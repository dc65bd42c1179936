"""By what a model's vectors are compared and ranked: what its folder says, everywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from families import as_embedder
from scipy import stats
from scipy.spatial import distance
from tiny import make_checkpoint

from edgebert.adapters import RetrievalEmbedder
from edgebert.bundle import open_bundle
from edgebert.checkpoint import open_checkpoint, read_folder
from edgebert.data import Examples
from edgebert.drift import check
from edgebert.drift.metrics import scores_of
from edgebert.errors import BundleError, CheckpointError, GateError, InputError
from edgebert.export import export_model
from edgebert.measures.neighbours import neighbour_overlap
from edgebert.measures.similarity import similarities
from edgebert.records.manifest import EMBEDDINGS, SIMILARITIES
from edgebert.references.pytorch_model import CheckpointModel
from edgebert.runtimes import Model, load
from edgebert.tasks import task_of
from edgebert.tasks.spec import ModelSpec
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.sentence_folder import write_sentence_folder
from edgebert.vectors import searching as module
from edgebert.vectors.forms import packed
from edgebert.vectors.searching import search
from edgebert.vectors.similarity import similarities as matrix_of
from edgebert.vectors.similarity_function import SimilarityFunction

PROMPTS = {"query": "please tell ", "document": "anna is in paris . "}
TEXTS = [
    "the lamp is on",
    "anna is in paris",
    "ben is late",
    "turn off the fan",
    "good",
    "very very bad light in the kitchen and bedroom",
]
QUERY = "turn on the lamp"


def rows(n: int, dim: int, seed: int) -> np.ndarray:
    """Vectors of lengths from 0.1 to 10."""
    random = np.random.default_rng(seed)
    lengths = 10 ** random.uniform(-1, 1, size=(n, 1))
    return np.asarray(random.standard_normal((n, dim)) * lengths, np.float32)


def by_hand(a: np.ndarray, b: np.ndarray, name: str) -> np.ndarray:
    """By scipy, in float64."""
    if name == "dot":
        return np.asarray(a.astype(float) @ b.T.astype(float))
    metric = {"cosine": "cosine", "euclidean": "euclidean", "manhattan": "cityblock"}[name]
    apart = distance.cdist(a.astype(float), b.astype(float), metric)
    return np.asarray(1 - apart if name == "cosine" else -apart)


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_search_ranks_by_the_similarity_of_the_model(
    name: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In blocks of 62 vectors, with equal ones among them."""
    monkeypatch.setattr(module, "_NUMBERS", 2000)
    corpus, queries = (packed(rows(n, 32, seed=n), dtype) for n in (300, 9))
    corpus[200:250] = corpus[:50]
    expected = by_hand(queries, corpus, name)
    found = search(queries, corpus, 7, measure=SimilarityFunction(name))
    for hits, scores in zip(found, expected, strict=True):
        order = sorted(range(300), key=lambda i: (-round(scores[i], 9), i))[:7]
        assert [hit.index for hit in hits] == order
        np.testing.assert_allclose([hit.score for hit in hits], scores[order], rtol=1e-9)
    both = matrix_of(queries, corpus, ("a", "b"), SimilarityFunction(name))
    assert both.dtype == np.float32
    np.testing.assert_allclose(both, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", SIMILARITIES)
@pytest.mark.parametrize("dtype", ["int8", "binary"])
def test_forms_without_lengths_are_compared_where_every_length_is_1(name: str, dtype: str) -> None:
    queries, corpus = (packed(rows(n, 64, seed=n), dtype) for n in (5, 200))
    sides = queries.astype(float), corpus.astype(float)
    if dtype == "binary":
        sides = np.unpackbits(queries, axis=1) * 2.0 - 1, np.unpackbits(corpus, axis=1) * 2.0 - 1
    left, right = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides)
    expected = by_hand(left, right, name)
    measure = SimilarityFunction(name, unit=True)
    np.testing.assert_allclose(matrix_of(queries, corpus, ("a", "b"), measure), expected, atol=1e-5)
    for hits, scores in zip(search(queries, corpus, 200, measure=measure), expected, strict=True):
        places = [hit.index for hit in hits]
        np.testing.assert_allclose([hit.score for hit in hits], scores[places], atol=1e-6)
        np.testing.assert_allclose(scores[places], np.sort(scores)[::-1], atol=1e-6)


def test_vectors_of_very_different_lengths_are_ranked_by_dot_product() -> None:
    """Products in float32 of such vectors are off by more than the small ones are apart, or inf."""
    corpus = np.array([[1e20, 1], [1e20, 2], [-1e20, 3], [1, 3e38]], np.float32)
    for query, order in (([0, 1], [3, 2, 1, 0]), ([1e20, 3e37], [3, 1, 0, 2])):
        (hits,) = search(
            np.array([query], np.float32), corpus, 4, measure=SimilarityFunction("dot")
        )
        assert [hit.index for hit in hits] == order


# a model for dot products, with prompts for queries and documents


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_checkpoint(tmp_path_factory.mktemp("dot") / "embedder", "BertModel", seed=11)
    as_embedder(folder, {"pooling_mode_mean_tokens": True})
    entries = json.loads((folder / "modules.json").read_text())[:2]  # without Normalize
    (folder / "modules.json").write_text(json.dumps(entries))
    say(folder, similarity_fn_name="dot", prompts=PROMPTS)
    return folder


def say(folder: Path, **said: Any) -> None:
    (folder / "config_sentence_transformers.json").write_text(json.dumps(said))


@pytest.fixture(scope="module")
def bundle(embedder: Path) -> Path:
    export_model(embedder, embedder.with_name("bundle"))
    return embedder.with_name("bundle")


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return load(bundle)


def vectors_by_hand(folder: Path, texts: list[str]) -> np.ndarray:
    """Transformers and the first token."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    encoder = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        rows = [encoder(**tokenizer(t, return_tensors="pt")).last_hidden_state[0] for t in texts]
    return np.stack([row.mean(dim=0).numpy() for row in rows])


def test_a_bundle_compares_as_its_model_does(embedder: Path, bundle: Path, model: Model) -> None:
    said = json.loads((bundle / "config_sentence_transformers.json").read_text())
    assert said["similarity_fn_name"] == model.similarity_fn_name == "dot"
    assert open_bundle(bundle).manifest.similarity == read_folder(bundle).similarity == "dot"
    assert "| compared by | dot |" in (bundle / "README.md").read_text()
    (asked,) = vectors_by_hand(embedder, [PROMPTS["query"] + QUERY])
    scores = vectors_by_hand(embedder, [PROMPTS["document"] + text for text in TEXTS]) @ asked
    hits = model.search(QUERY, TEXTS)
    assert [hit.index for hit in hits] == np.argsort(-scores).tolist()
    np.testing.assert_allclose([h.score for h in hits], np.sort(scores)[::-1], rtol=1e-5)
    one, other = vectors_by_hand(embedder, [QUERY, TEXTS[0]])
    assert model.similarity(QUERY, TEXTS[0]) == pytest.approx(float(one @ other), rel=1e-5)


@pytest.mark.parametrize("dtype", ["int8", "binary"])
def test_a_form_without_lengths_is_refused_where_they_count(model: Model, dtype: str) -> None:
    with pytest.raises(InputError, match=f"dtype='{dtype}' keeps no lengths, .* compares by dot"):
        model.embed(TEXTS, dtype=dtype)
    given = packed(model.embed(TEXTS), dtype)
    for ask in (model.search, model.similarity):
        with pytest.raises(InputError, match=r"^(corpus|b): .* lengths, .* float32 or float16$"):
            ask(QUERY, given)
    assert model.search(QUERY, model.embed(TEXTS, dtype="float16"))[0].text is None


def retrieval_folder(folder: Path, queries: dict[str, str], best: str) -> Path:
    (folder / "qrels").mkdir(parents=True)
    documents = {f"d{i}": text for i, text in enumerate(TEXTS)}
    for name, texts in (("corpus", documents), ("queries", queries)):
        lines = [json.dumps({"_id": key, "title": "", "text": text}) for key, text in texts.items()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    judged = "".join(f"{query}\t{best}\t1\n" for query in queries)
    (folder / "qrels/test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    return folder


def test_a_check_ranks_with_the_prompts_and_the_similarity_of_a_search(
    embedder: Path, bundle: Path, model: Model, tmp_path: Path
) -> None:
    """By rank 1 / log2(rank + 1); the documents are ones that other rankings put elsewhere."""
    (asked,) = vectors_by_hand(embedder, [PROMPTS["query"] + QUERY])
    documents = vectors_by_hand(embedder, [PROMPTS["document"] + text for text in TEXTS])
    plain = vectors_by_hand(embedder, [QUERY, *TEXTS])
    right, *wrong = (
        np.argsort(-scores).tolist()
        for scores in (
            documents @ asked,
            documents @ asked / np.linalg.norm(documents, axis=1),
            plain[1:] @ plain[0],
        )
    )
    assert [hit.index for hit in model.search(QUERY, TEXTS)] == right
    for number, ranking in enumerate(wrong):
        document = next(d for d in range(6) if right.index(d) != ranking.index(d))
        data = retrieval_folder(tmp_path / str(number), {"q": QUERY}, f"d{document}")
        record = check(embedder, bundle, data)
        assert record.metric is not None
        expected = 100 / np.log2(right.index(document) + 2)
        assert (record.metric.reference, record.metric.candidate) == pytest.approx((expected,) * 2)
    assert check(bundle, bundle / "model.onnx", data).metric == record.metric


def test_a_bundle_that_compares_otherwise_is_not_the_same_model(
    embedder: Path, bundle: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    manifest = json.loads((other / "manifest.json").read_text())
    del manifest["similarity"]  # as it was before bundles had it
    (other / "manifest.json").write_text(json.dumps(manifest))
    assert load(other).similarity_fn_name == "cosine"
    with pytest.raises(GateError, match="similarity: dot on one side, cosine on the other"):
        check(embedder, other)
    (other / "manifest.json").write_text(json.dumps(manifest | {"similarity": "maxsim"}))
    with pytest.raises(BundleError, match="compares vectors by 'maxsim'; this edgebert knows cos"):
        load(other)


def test_saved_vectors_are_compared_as_the_other_side_does(
    bundle: Path, model: Model, tmp_path: Path
) -> None:
    asked, documents = model.embed([QUERY], prompt="query"), model.embed(TEXTS, prompt="document")
    pairs = zip([QUERY, *TEXTS], [*asked, *documents], strict=True)
    lines = [json.dumps({"text": text, "embedding": row.tolist()}) for text, row in pairs]
    saved = tmp_path / "saved.jsonl"
    saved.write_text("\n".join(lines))
    first = model.search(QUERY, TEXTS)[0].index
    data = retrieval_folder(tmp_path / "beir", {"q": QUERY}, f"d{first}")
    record = check(bundle, saved, data)
    assert record.metric is not None
    assert (record.metric.reference, record.metric.candidate) == (100, 100)
    assert record.distance_mean < 1e-9
    data = retrieval_folder(tmp_path / "twofold", {"q": TEXTS[2]}, "d0")
    with pytest.raises(InputError, match=r"'ben is late' is a query and a document"):
        check(bundle, saved, data)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "cosine"),
        ({"similarity_fn_name": None}, "cosine"),
        *(({"similarity_fn_name": name}, name) for name in SIMILARITIES),
    ],
)
def test_nothing_said_is_cosine(
    embedder: Path, tmp_path: Path, said: dict[str, Any], expected: str
) -> None:
    folder = Path(shutil.copytree(embedder, tmp_path / "m"))
    say(folder, **said)
    assert read_folder(folder).similarity == expected


@pytest.mark.parametrize("said", ["maxsim", "cos_sim", ["dot"], 3])
def test_an_unknown_similarity_is_refused(embedder: Path, tmp_path: Path, said: Any) -> None:
    folder = Path(shutil.copytree(embedder, tmp_path / "m"))
    say(folder, similarity_fn_name=said)
    with pytest.raises(CheckpointError) as caught:
        read_folder(folder)
    assert str(caught.value) == (
        f"{folder}/config_sentence_transformers.json compares embeddings by {said!r}; "
        "cosine, dot, euclidean or manhattan is supported"
    )


def test_an_index_is_told_what_to_compare_by(bundle: Path, tiny_bundle: Path) -> None:
    assert RetrievalEmbedder(bundle).similarity_fn_name == "dot"
    assert RetrievalEmbedder(load(tiny_bundle)).similarity_fn_name == "cosine"


def test_a_student_is_compared_as_its_teacher(embedder: Path, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(embedder)
    loaded = CheckpointModel(checkpoint)
    loaded.model.save_pretrained(tmp_path)
    loaded.tokenizer.save_pretrained(tmp_path)
    loaded.tokenizer.model_max_length = 40
    write_sentence_folder(tmp_path, Embedder.of(checkpoint), loaded.model, loaded.tokenizer)
    assert read_folder(tmp_path).similarity == "dot"


@pytest.mark.parametrize("name", SIMILARITIES)
def test_pairs_are_correlated_and_neighbours_found_by_the_similarity(name: str) -> None:
    outputs, gold = rows(60, 8, seed=1), tuple(map(float, range(30)))
    alike = np.diag(by_hand(outputs[0::2], outputs[1::2], name))
    np.testing.assert_allclose(similarities(outputs[0::2], outputs[1::2], name), alike)
    examples = Examples(Path("dev.tsv"), (("x", "y"),) * 30, scores=gold)
    found = scores_of(
        ModelSpec(task_of(EMBEDDINGS), max_length=64), examples, list(outputs), similarity=name
    )
    assert found[0].value == pytest.approx(100 * stats.spearmanr(alike, gold).statistic)
    assert found[1].value == pytest.approx(100 * stats.pearsonr(alike, gold).statistic)
    everyone = by_hand(outputs, outputs, name)
    np.fill_diagonal(everyone, -np.inf)
    cosine = by_hand(outputs, outputs, "cosine")
    np.fill_diagonal(cosine, -np.inf)
    both = zip(np.argsort(-cosine)[:, :5], np.argsort(-everyone)[:, :5], strict=True)
    shared = float(np.mean([len(set(a) & set(b)) for a, b in both])) / 5
    assert neighbour_overlap(outputs, outputs, 5, ("cosine", name)) == pytest.approx(shared)
