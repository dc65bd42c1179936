"""What is answered over HTTP is what the Python runtime answers, to the last bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served import Here, served_here

from edgebert.runtimes import Model, load
from edgebert.serving.vectors import as_asked

TEXTS = ["turn the lamp on", "", "café, 灯", "a\x00b", "lamp " * 200, "👩‍👩‍👧‍👦 anna"]


@pytest.fixture(scope="module")
def bundles(
    tiny_bundle: Path,
    tiny_splade_bundle: Path,
    tiny_classifier_bundle: Path,
    tiny_reranker_bundle: Path,
    tiny_tagger_bundle: Path,
    tiny_filler_bundle: Path,
    tiny_reader_bundle: Path,
) -> dict[str, Path]:
    return {
        "vectors": tiny_bundle,
        "sparse": tiny_splade_bundle,
        "labels": tiny_classifier_bundle,
        "org/order": tiny_reranker_bundle,
        "names": tiny_tagger_bundle,
        "words": tiny_filler_bundle,
        "answers": tiny_reader_bundle,
    }


@pytest.fixture(scope="module")
def here(bundles: dict[str, Path]) -> Iterator[Here]:
    with served_here(bundles) as served:
        yield served


@pytest.fixture(scope="module")
def models(bundles: dict[str, Path]) -> Iterator[dict[str, Model]]:
    loaded = {name: load(path, threads=1) for name, path in bundles.items()}
    yield loaded
    for model in loaded.values():
        model.close()


def plain(answers: Any) -> Any:
    """Records as JSON has them."""
    if isinstance(answers, list | tuple):
        return [plain(answer) for answer in answers]
    if dataclasses.is_dataclass(answers) and not isinstance(answers, type):
        return dataclasses.asdict(answers)
    return answers


def test_vectors_are_those_of_embed_to_the_last_bit(here: Here, models: dict[str, Model]) -> None:
    answered = here.post("/embed", {"inputs": TEXTS})
    assert answered.status == 200
    vectors = np.array(answered.json, np.float32)
    assert vectors.tobytes() == models["vectors"].embed(TEXTS).tobytes()
    (alone,) = here.post("/embed", {"inputs": TEXTS[0], "model": "vectors"}).json
    assert np.array(alone, np.float32).tobytes() == vectors[0].tobytes()


def test_a_vector_is_cut_where_that_is_asked(here: Here, models: dict[str, Model]) -> None:
    answered = here.post("/embed", {"inputs": TEXTS, "dimensions": 16})
    expected = models["vectors"].embed(TEXTS, truncate_dim=16)
    assert np.array(answered.json, np.float32).tobytes() == expected.tobytes()


def test_which_texts_were_cut_and_how_many_tokens_were_read_is_told(
    here: Here, models: dict[str, Model]
) -> None:
    answered = here.post("/embed", {"inputs": TEXTS})
    model = models["vectors"]
    read = [min(count, model.max_length) for count in model.count_tokens(TEXTS)]
    assert answered.headers["x-tokens"] == str(sum(read))
    assert answered.headers["x-truncated"] == "4"
    assert "x-truncated" not in here.post("/embed", {"inputs": TEXTS[:3]}).headers


def test_a_list_of_cut_texts_stays_a_header_that_proxies_take(here: Here) -> None:
    told = here.post("/embed", {"inputs": ["lamp " * 100] * 300}).headers
    assert told["x-truncated"].startswith("0,1,2,") and told["x-truncated"].endswith(",99,...")
    assert told["x-truncated-texts"] == "300"


def test_a_client_may_forbid_cutting(here: Here) -> None:
    refused = here.post("/embed", {"inputs": ["a lamp", "lamp " * 100], "truncate": False})
    assert refused.status == 422
    assert "text 1 is longer than the 48 tokens that vectors reads" in refused.error
    assert here.post("/embed", {"inputs": ["a lamp"], "truncate": False}).status == 200


def test_a_server_that_cuts_nothing_cuts_where_a_client_says_so(tiny_bundle: Path) -> None:
    with served_here({"m": tiny_bundle}, truncate=False) as here:
        assert here.post("/embed", {"inputs": "lamp " * 100}).status == 422
        allowed = here.post("/embed", {"inputs": "lamp " * 100, "truncate": True})
        assert (allowed.status, allowed.headers["x-truncated"]) == (200, "0")


def test_vectors_that_keep_their_length_though_that_was_not_asked_say_so(
    here: Here, models: dict[str, Model]
) -> None:
    given = here.post("/embed", {"inputs": TEXTS, "normalize": False})
    assert (given.status, given.headers["x-normalized"]) == (200, "true")
    assert np.array(given.json, np.float32).tobytes() == models["vectors"].embed(TEXTS).tobytes()
    assert "x-normalized" not in here.post("/embed", {"inputs": TEXTS, "normalize": True}).headers


def test_vectors_of_any_length_get_length_1_where_that_is_asked(here: Here) -> None:
    served = here.server.served.named("labels", "classify")
    assert not served.normalizes
    vectors = np.array([[3, 4], [0, 0]], np.float32)
    unit, told = as_asked(vectors, True, served)
    assert (unit.tolist(), told) == (
        [[np.float32(0.6), np.float32(0.8)], [0, 0]],
        {"x-normalized": "true"},
    )
    for asked in (None, False):
        same, told = as_asked(vectors, asked, served)
        assert (same.tobytes(), told) == (vectors.tobytes(), {})


def test_sparse_vectors_are_lists_of_weights(here: Here, models: dict[str, Model]) -> None:
    answered = here.post("/embed_sparse", {"inputs": TEXTS[:3]}).json
    expected = models["sparse"].embed_sparse(TEXTS[:3])
    for pairs, vector in zip(answered, expected, strict=True):
        assert [pair["index"] for pair in pairs] == vector.indices.tolist()
        weights = np.array([pair["value"] for pair in pairs], np.float32)
        assert weights.tobytes() == vector.weights.tobytes()


def test_texts_are_compared(here: Here, models: dict[str, Model]) -> None:
    body = {"inputs": {"source_sentence": "a lamp", "sentences": TEXTS[:3]}, "model": "vectors"}
    expected = models["vectors"].similarity("a lamp", TEXTS[:3])
    answered = np.array(here.post("/similarity", body).json, np.float32)
    assert answered.tobytes() == expected.tobytes()


def test_heads_answer_one_text_and_several(here: Here, models: dict[str, Model]) -> None:
    asked: list[tuple[str, dict[str, Any], Any]] = [
        ("/classify", {"texts": TEXTS[0]}, models["labels"].classify(TEXTS[0])),
        ("/classify", {"texts": TEXTS}, models["labels"].classify(TEXTS)),
        (
            "/classify",
            {"texts": [["a lamp", "a fan"], "ben"], "long_text": "mean"},
            models["labels"].classify([("a lamp", "a fan"), "ben"], long_text="mean"),
        ),
        ("/tag", {"texts": TEXTS[0]}, models["names"].tag(TEXTS[0])),
        (
            "/tag",
            {"texts": TEXTS, "aggregation": "simple"},
            models["names"].tag(TEXTS, aggregation="simple"),
        ),
        (
            "/fill_mask",
            {"texts": "a [MASK] lamp", "k": 3},
            models["words"].fill_mask("a [MASK] lamp", 3),
        ),
        ("/fill_mask", {"texts": ["a [MASK]"]}, models["words"].fill_mask(["a [MASK]"])),
        (
            "/answer",
            {"question": "who?", "context": "anna is in paris"},
            models["answers"].answer("who?", "anna is in paris"),
        ),
        (
            "/answer",
            {"question": ["who?", "where?"], "context": "anna " * 300, "allow_no_answer": True},
            models["answers"].answer(["who?", "where?"], "anna " * 300, allow_no_answer=True),
        ),
    ]
    for path, body, expected in asked:
        answered = here.post(path, body | _model(path))
        assert (answered.status, answered.json) == (200, plain(expected)), path


def _model(path: str) -> dict[str, str]:
    """Where more than one bundle could answer."""
    return {"model": "labels"} if path in ("/classify", "/predict") else {}


def test_scores_of_labels_come_flat_for_one_text_and_nested_for_several(
    here: Here, models: dict[str, Model]
) -> None:
    def scores(text: Any) -> list[dict[str, Any]]:
        (answer,) = models["labels"].classify([text])
        ordered = sorted(answer.scores.items(), key=lambda pair: -pair[1])
        return [{"label": label, "score": score} for label, score in ordered]

    def predict(inputs: Any) -> Any:
        return here.post("/predict", {"inputs": inputs, "model": "labels"}).json

    assert predict("a lamp") == scores("a lamp")
    assert predict(["a lamp", "a fan"]) == scores(("a lamp", "a fan"))
    assert predict([["a lamp"], ["a fan", "ben"]]) == [scores("a lamp"), scores(("a fan", "ben"))]


def test_texts_are_sorted_for_a_query(here: Here, models: dict[str, Model]) -> None:
    texts = ["a fan", "turn the lamp on", "paris"]
    answered = here.post("/rerank", {"query": "light", "texts": texts}).json
    expected = models["org/order"].rerank("light", texts)
    assert [hit["index"] for hit in answered] == [hit.index for hit in expected]


def test_tokens_are_those_that_the_tokenizer_makes(here: Here, models: dict[str, Model]) -> None:
    text = "turn the café 灯 on"
    body = {"inputs": [text, "a"], "model": "vectors"}
    rows = here.post("/tokenize", body).json
    encoding = models["vectors"].tokenizer.encode(text)
    assert [token["id"] for token in rows[0]] == encoding.ids
    for token in rows[0]:
        assert token["special"] or token["text"] == text[token["start"] : token["stop"]]
    bare = here.post("/tokenize", body | {"add_special_tokens": False}).json
    assert [token["id"] for token in bare[0]] == encoding.ids[1:-1]
    long = here.post("/tokenize", {"inputs": "lamp " * 100, "model": "vectors"}).json
    assert len(long[0]) == 102  # all of it, though less is read


def test_a_bundle_is_named_in_the_body_or_in_the_path(here: Here) -> None:
    texts = {"texts": ["a lamp"]}
    by_body = here.post("/classify", texts | {"model": "org/order"})
    assert by_body.json == here.post("/models/org/order/classify", texts).json
    other = here.post("/models/org/order/classify", texts | {"model": "labels"})
    assert other.json == by_body.json  # the path is what it was asked at
    several = here.post("/classify", texts)
    assert several.status == 400
    assert several.error == (
        "several models can classify: name one; models: vectors, sparse, labels, org/order, names, "
        "words, answers"
    )


def test_a_bundle_that_is_not_there_is_told_with_those_that_are(here: Here) -> None:
    for answered in (
        here.post("/embed", {"inputs": "a", "model": "nobody"}),
        here.post("/models/nobody/embed", {"inputs": "a"}),
    ):
        assert answered.status == 404
        assert "vectors" in answered.error


def test_a_bundle_of_another_task_says_what_it_is_for(here: Here) -> None:
    answered = here.post("/models/names/embed", {"inputs": "a"})
    assert answered.status == 422
    assert answered.error == "names is for token-classification, and cannot be asked to embed"


def test_no_message_tells_where_a_bundle_lies(here: Here, bundles: dict[str, Path]) -> None:
    answered = here.post("/embed", {"inputs": "a", "prompt_name": "query"})
    assert answered.status == 422
    assert answered.error == "vectors has no prompt 'query'; it has: none"


def test_a_path_answers_its_own_methods(here: Here) -> None:
    refused = here.get("/embed")
    assert (refused.status, refused.headers["allow"]) == (405, "POST")
    assert here.post("/info", {}).headers["allow"] == "GET, HEAD"
    assert here.ask("HEAD", "/live", {}, [b""]).status == 200
    assert here.get("/nothing").status == 404
    assert here.get("/models/vectors/live").status == 404


def test_the_models_and_limits_are_told(here: Here, models: dict[str, Model]) -> None:
    told = here.get("/info").json
    assert [model["name"] for model in told["models"]] == list(models)
    first, model = told["models"][0], models["vectors"]
    assert (first["fingerprint"], first["sha256"]) == (model.fingerprint, model.bundle.sha256)
    assert (first["verbs"], first["max_length"]) == (["embed", "similarity", "tokenize"], 48)
    assert told["limits"]["max_texts"] == 1024


def test_an_id_of_a_request_is_taken_if_it_is_one(here: Here) -> None:
    taken = here.get("/live", {"x-request-id": "job-7/3"})
    assert taken.headers["x-request-id"] == "job-7/3"
    made = [
        here.get("/live", {"x-request-id": bad}).headers["x-request-id"]
        for bad in ("", "a b", "a" * 200, "\xe9")
    ]
    assert all(len(one) == 16 and one.isalnum() for one in made)
    assert len(set(made)) == len(made)


def test_what_was_read_is_counted(tiny_bundle: Path) -> None:
    with served_here({"m": tiny_bundle}) as here:
        read = int(here.post("/embed", {"inputs": ["a lamp", "lamp " * 100]}).headers["x-tokens"])
        here.post("/embed", {"inputs": []})
        here.get("/who/knows/what")
        lines = here.get("/metrics").body.decode().splitlines()
        sha256 = load(tiny_bundle).bundle.sha256
    assert f'edgebert_tokens_total{{model="m"}} {float(read)}' in lines
    assert 'edgebert_truncated_total{model="m"} 1.0' in lines
    assert 'edgebert_requests_total{code="200",model="m",route="/embed"} 1.0' in lines
    assert 'edgebert_requests_total{code="400",model="m",route="/embed"} 1.0' in lines
    assert 'edgebert_requests_total{code="404",model="",route="unmatched"} 1.0' in lines
    assert 'edgebert_golden_ok{model="m"} 1.0' in lines
    assert 'edgebert_queue_seconds_count{model="m"} 1.0' in lines
    assert any(line.startswith("edgebert_bundle_info{") and sha256 in line for line in lines)
    assert "edgebert_queue_tokens 0.0" in lines
