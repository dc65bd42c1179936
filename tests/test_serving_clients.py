"""Bodies that clients of other servers were seen to send, and the shapes that they read.

`python -m clients` runs these clients themselves.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from held_runs import HeldRuns
from served import ROOT, Answered, Here, served_here

from edgebert.runtimes import Model, load

TEXTS = ["turn the lamp on", "", "café, 灯", "lamp " * 200]
QUERY, DOCUMENTS = "which lamp is on?", ["a fan", "the lamp is on", "anna is in paris"]
TOLD = "check_embedding_ctx_length=False"
FIXTURES = ROOT / "tests" / "fixtures"
NAMES = ("embedder", "classifier", "multi-label", "tagger", "reranker", "reader", "filler")
BUNDLES = {name: FIXTURES / "format_1" / "bundles" / name for name in NAMES}
BUNDLES |= {"sparse": FIXTURES / "targets" / "bundles" / "sparse"}


@pytest.fixture(scope="module")
def here() -> Iterator[Here]:
    with served_here(BUNDLES) as served:
        yield served


@pytest.fixture(scope="module")
def models() -> Iterator[dict[str, Model]]:
    loaded = {name: load(path, threads=1) for name, path in BUNDLES.items()}
    yield loaded
    for model in loaded.values():
        model.close()


def bits(vectors: Any) -> bytes:
    return np.asarray(vectors, np.float32).tobytes()


def given(answered: Answered) -> Any:
    assert answered.status == 200, answered.body
    return answered.json


def test_openai_embeddings_come_as_base64_and_as_floats(
    here: Here, models: dict[str, Model]
) -> None:
    model = models["embedder"]
    body = {"model": "embedder", "input": TEXTS}
    in_base64 = given(here.post("/v1/embeddings", body | {"encoding_format": "base64"}))
    floats = given(here.post("/v1/embeddings", body | {"encoding_format": "float", "user": "u"}))
    bare = given(here.post("/v1/embeddings", body))  # as Jina's clients ask
    expected = model.embed(TEXTS)
    assert b"".join(b64decode(found["embedding"]) for found in in_base64["data"]) == bits(expected)
    for told in (floats, bare):
        assert bits([found["embedding"] for found in told["data"]]) == bits(expected)
    read = sum(min(count, model.max_length) for count in model.count_tokens(TEXTS))
    assert floats["usage"] == {"prompt_tokens": read, "total_tokens": read}
    assert (floats["object"], floats["model"]) == ("list", "embedder")
    assert [found["index"] for found in floats["data"]] == [0, 1, 2, 3]
    assert {found["object"] for found in floats["data"]} == {"embedding"}


def test_openai_embeddings_are_of_one_text_too_and_as_short_as_asked(
    here: Here, models: dict[str, Model]
) -> None:
    body = {"model": "embedder", "input": TEXTS[0], "dimensions": 8}
    (found,) = given(here.post("/v1/embeddings", body))["data"]
    assert bits(found["embedding"]) == bits(models["embedder"].embed(TEXTS[0], truncate_dim=8))


def test_more_numbers_than_a_vector_has_are_refused(here: Here) -> None:
    told = "dimensions=33: vectors of embedder have 32 numbers"
    answered = here.post("/v1/embeddings", {"model": "embedder", "input": "a", "dimensions": 33})
    assert (answered.status, answered.json["error"]["param"]) == (422, "dimensions")
    assert answered.json["error"]["message"] == told
    for path in ("/embed", "/models/embedder"):
        body = {"model": "embedder", "inputs": "a", "dimensions": 33}
        assert here.post(path, body).error == told


def test_an_empty_name_is_none(here: Here) -> None:
    body = {"query": QUERY, "documents": DOCUMENTS}
    assert here.post("/v1/rerank", body | {"model": ""}).json["model"] == "reranker"


@pytest.mark.parametrize("ids", [[1, 2, 3], [[1, 2], [3]], ["a", 1], [[]]])
def test_ids_of_another_tokenizer_are_refused_with_the_way_out(here: Here, ids: Any) -> None:
    answered = here.post("/v1/embeddings", {"model": "embedder", "input": ids})
    error = answered.json["error"]
    assert answered.status == 400
    assert TOLD in error["message"] and error["param"] == "input"
    for path in ("/embed", "/models/embedder"):
        refused = here.post(path, {"inputs": ids, "model": "embedder"})
        assert refused.status == 400 and TOLD in refused.error


def test_models_are_listed_as_openai_lists_them(here: Here) -> None:
    told = given(here.get("/v1/models"))
    assert [model["id"] for model in told["data"]] == list(BUNDLES)
    assert given(here.get("/v1/models/tagger")) == told["data"][3]
    assert told["data"][3].keys() == {"id", "object", "created", "owned_by"}
    assert here.get("/v1/models/gpt").json["error"]["code"] == "model_not_found"


def test_errors_have_the_shape_that_clients_of_a_route_read(here: Here) -> None:
    unknown = {"model": "gpt", "input": "a", "inputs": "a", "query": "a", "documents": ["a"]}
    openai = here.post("/v1/embeddings", unknown)
    assert (openai.status, openai.json["error"].keys()) == (
        404,
        {"message", "type", "param", "code"},
    )
    assert here.post("/v1/rerank", unknown).json["error"]["type"] == "not_found_error"
    assert here.post("/v2/rerank", unknown).json.keys() == {"message"}
    for path in ("/", "/embed", "/rerank"):
        assert here.post(path, unknown).error.startswith("no model 'gpt' here; models: embedder")


def test_post_to_the_root_gives_vectors_and_likenesses(
    here: Here, models: dict[str, Model]
) -> None:
    model = models["embedder"]

    def asked(body: dict[str, Any]) -> bytes:
        return bits(given(here.post("/models/embedder", body)))

    assert asked({"inputs": TEXTS[0]}) == bits(model.embed(TEXTS[:1]))
    options = {"normalize": True, "truncate": True, "truncation_direction": "Right"}
    prompted = model.embed(TEXTS, prompt="query")
    assert asked({"inputs": TEXTS, "prompt_name": "query", **options}) == bits(prompted)
    short = asked({"inputs": TEXTS, "dimensions": 8})
    assert short == bits(model.embed(TEXTS, truncate_dim=8))
    sides = {"source_sentence": QUERY, "sentences": DOCUMENTS}
    likenesses = model.similarity(QUERY, DOCUMENTS)
    assert asked({"inputs": sides, "parameters": {}}) == bits(likenesses)


def test_vectors_that_cannot_be_other_than_normalized_say_so(here: Here) -> None:
    body = {"inputs": "a", "normalize": False, "truncate": True}  # as Haystack sends it
    answered = here.post("/models/embedder", body)
    assert (answered.status, answered.headers["x-normalized"]) == (200, "true")


def test_post_to_the_root_gives_sparse_vectors(here: Here, models: dict[str, Model]) -> None:
    (pairs,) = given(here.post("/models/sparse", {"inputs": TEXTS[0]}))
    vector = models["sparse"].embed_sparse(TEXTS[0])
    assert [pair["index"] for pair in pairs] == vector.indices.tolist()
    assert bits([pair["value"] for pair in pairs]) == bits(vector.weights)
    sides = {"source_sentence": QUERY, "sentences": DOCUMENTS}
    likenesses = given(here.post("/models/sparse", {"inputs": sides}))
    assert bits(likenesses) == bits(models["sparse"].similarity(QUERY, DOCUMENTS))


@pytest.mark.parametrize("name", ["classifier", "multi-label"])
def test_post_to_the_root_nests_labels_for_one_text_too(
    here: Here, models: dict[str, Model], name: str
) -> None:
    """huggingface_hub keeps the first element of what comes."""

    def labels(text: str) -> list[dict[str, Any]]:
        scores = models[name].classify(text).scores
        return [
            {"label": label, "score": scores[label]}
            for label in sorted(scores, key=lambda label: -scores[label])
        ]

    def asked(inputs: Any, **parameters: Any) -> Any:
        return given(here.post(f"/models/{name}", {"inputs": inputs, "parameters": parameters}))

    assert asked(TEXTS[0]) == [labels(TEXTS[0])]
    assert asked(TEXTS) == [labels(text) for text in TEXTS]
    assert asked(TEXTS[0], top_k=1) == [labels(TEXTS[0])[:1]]
    own = "softmax" if name == "classifier" else "sigmoid"
    assert asked(TEXTS[0], function_to_apply=own) == [labels(TEXTS[0])]


def test_post_to_the_root_gives_entities(here: Here, models: dict[str, Model]) -> None:
    def entities(text: str, **options: Any) -> list[dict[str, Any]]:
        return [
            {
                "entity_group": entity.label,
                "score": entity.score,
                "word": entity.text,
                "start": entity.start,
                "end": entity.end,
            }
            for entity in models["tagger"].tag(text, **options)
        ]

    def asked(inputs: Any, **parameters: Any) -> Any:
        return given(here.post("/models/tagger", {"inputs": inputs, "parameters": parameters}))

    text = "anna is in paris and ben was in berlin"
    assert asked(text) == entities(text)
    assert asked([text, ""]) == [entities(text), []]
    simple = entities(text, aggregation="simple")
    assert asked(text, aggregation_strategy="simple") == simple
    kept = [entity for entity in entities(text) if entity["entity_group"] != "PER"]
    assert asked(text, ignore_labels=["PER"]) == kept
    assert 0 < len(kept) < len(entities(text))


def test_post_to_the_root_gives_answers(here: Here, models: dict[str, Model]) -> None:
    def answer(question: str, context: str, **options: Any) -> dict[str, Any]:
        found = models["reader"].answer(question, context, **options)
        return {
            "answer": found.text,
            "score": found.score,
            "start": found.start,
            "end": found.end,
        }

    sides = {"question": "who?", "context": "anna is in paris. " * 30}
    expected = answer(**sides)
    assert given(here.post("/", {"inputs": sides, "parameters": {}})) == expected
    assert given(here.post("/", {"inputs": [sides, sides], "model": "reader"})) == [expected] * 2
    allowed = {"inputs": sides, "parameters": {"handle_impossible_answer": True}}
    assert given(here.post("/", allowed)) == answer(**sides, allow_no_answer=True)


def test_post_to_the_root_gives_words_for_masks(here: Here, models: dict[str, Model]) -> None:
    def fills(text: str, k: int = 5) -> list[dict[str, Any]]:
        return [
            {
                "sequence": fill.text,
                "score": fill.score,
                "token": fill.id,
                "token_str": fill.token,
            }
            for fill in models["filler"].fill_mask(text, k)
        ]

    def asked(inputs: Any, **parameters: Any) -> Any:
        return given(here.post("/models/filler", {"inputs": inputs, "parameters": parameters}))

    one, two = "the [MASK] is on", "[MASK] is in [MASK]"
    assert asked(one) == fills(one)
    assert asked([one]) == [fills(one)]
    assert asked(two, top_k=3) == [fills(two, 3)[:3], fills(two, 3)[3:]]


def test_more_guesses_than_memory_could_hold_are_refused(here: Here) -> None:
    texts = ["[MASK] " * 60] * 20
    told = "1,200,000 guesses; at most 100,000 are given in a request"
    for path, body in (
        ("/fill_mask", {"texts": texts, "k": 1000}),
        ("/models/filler", {"inputs": texts, "parameters": {"top_k": 1000}}),
    ):
        refused = here.post(path, body)
        assert refused.status == 413 and told in refused.error
    allowed = here.post("/fill_mask", {"texts": texts, "k": 8})
    assert len(given(allowed)) == 20


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("classifier", {"parameters": {"function_to_apply": "none"}}, "function_to_apply"),
        ("classifier", {"parameters": {"aggregation_strategy": "max"}}, "only top_k and function"),
        ("tagger", {"parameters": {"top_k": 2}}, "parameters.top_k: tagger is for"),
        ("tagger", {"parameters": {"stride": 2}}, "unknown field `stride`"),
        ("tagger", {"parameters": {"aggregation_strategy": "none"}}, "aggregation_strategy"),
        ("embedder", {"parameters": {"top_k": 2}}, "takes none of these"),
        ("embedder", {"inputs": {"question": "a", "context": "b"}}, "cannot be asked to answer"),
        ("embedder", {"inputs": {"source_sentence": "a"}}, "or source_sentence and sentences"),
        ("embedder", {"truncation_direction": "left"}, "cuts texts at the right"),
        ("reader", {}, "question and context"),
        ("reader", {"inputs": {"question": "a"}}, "question and context"),
        ("tagger", {"inputs": [{"question": "a"}]}, "a text or a list of texts"),
        ("filler", {}, "has no [MASK]"),
    ],
)
def test_what_a_task_does_not_take_is_refused_by_name(
    here: Here, name: str, body: dict[str, Any], told: str
) -> None:
    refused = here.post(f"/models/{name}", {"inputs": "a text"} | body)
    assert refused.status == 422
    assert told in refused.error


def test_texts_are_ranked_as_each_kind_of_client_reads_it(
    here: Here, models: dict[str, Model]
) -> None:
    hits = [(hit.index, hit.score) for hit in models["reranker"].rerank(QUERY, DOCUMENTS)]
    texts = {"query": QUERY, "texts": DOCUMENTS, "raw_scores": False}  # as Haystack sends it
    ranks = given(here.post("/rerank", texts))
    assert [(rank["index"], rank["score"]) for rank in ranks] == hits
    assert all(rank.keys() == {"index", "score"} for rank in ranks)
    told = given(here.post("/rerank", texts | {"return_text": True}))
    assert [rank["text"] for rank in told] == [DOCUMENTS[index] for index, _score in hits]
    documents = {"query": QUERY, "documents": DOCUMENTS, "model": "reranker", "top_n": None}
    for path in ("/rerank", "/v1/rerank", "/v2/rerank"):
        ranking = given(here.post(path, documents))
        results = ranking["results"]
        assert [(each["index"], each["relevance_score"]) for each in results] == hits
        assert all(each.keys() == {"index", "relevance_score"} for each in results)
        assert len(given(here.post(path, documents | {"top_n": 2}))["results"]) == 2


def test_documents_may_be_objects_and_come_back_as_such(here: Here) -> None:
    objects = [{"text": text} for text in DOCUMENTS]
    body = {"query": QUERY, "documents": objects, "return_documents": True}
    for path in ("/rerank", "/v1/rerank"):
        ranking = given(here.post(path, body))
        for result in ranking["results"]:
            assert result["document"] == objects[result["index"]]
        assert ranking["usage"]["total_tokens"] == ranking["usage"]["prompt_tokens"] > 0
        assert ranking["model"] == "reranker"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "either texts or documents"),
        ({"texts": ["a"], "documents": ["a"]}, "either texts or documents"),
        ({"texts": []}, "there are no texts"),
        ({"texts": ["a"], "raw_scores": True}, "leave raw_scores out"),
        ({"texts": ["a"], "model": "classifier"}, "cannot be asked to rerank"),
    ],
)
def test_a_ranking_of_nothing_or_of_two_kinds_is_refused(
    here: Here, body: dict[str, Any], told: str
) -> None:
    refused = here.post("/rerank", {"query": QUERY} | body)
    assert refused.status in (400, 422)
    assert told in refused.error


def test_a_query_too_long_to_be_read_beside_each_text_is_refused(here: Here) -> None:
    texts, told = ["b"] * 1000, "10,001,000; at most 8,000,000 are read (--max-body): shorten it"
    body = {"query": "a " * 5000, "model": "reranker"}
    assert told in here.post("/rerank", body | {"texts": texts}).error
    assert told in here.post("/v2/rerank", body | {"documents": texts}).json["message"]
    refused = here.post("/v1/rerank", body | {"documents": texts})
    assert (refused.status, refused.json["error"]["param"]) == (413, "query")
    assert here.post("/rerank", body | {"texts": texts[:10]}).status == 200


def test_health_and_info_are_those_of_text_embeddings_inference(
    here: Here, models: dict[str, Model]
) -> None:
    assert here.get("/health").status == here.get("/models/reader/health").status == 200
    info = given(here.get("/models/embedder/info"))
    assert info["model_id"] == "embedder"
    assert info["model_type"] == {"embedding": {"pooling": models["embedder"].spec.pooling}}
    assert info["max_input_length"] == models["embedder"].max_length
    assert (info["max_client_batch_size"], info["auto_truncate"]) == (1024, True)
    labels = given(here.get("/models/classifier/info"))["model_type"]["classifier"]
    assert labels["id2label"] == {"0": "off", "1": "on", "2": "tell"}
    assert "reranker" in given(here.get("/models/reranker/info"))["model_type"]
    assert "model_id" not in given(here.get("/info"))  # which has several to tell of


def test_a_large_request_keeps_small_ones_not_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests take turns: a small one need not wait for all that waits."""
    large, small = ["lamp " * 20] * 500, ["a lamp"]

    async def asked(here: Here) -> list[Answered]:
        first = asyncio.create_task(
            _asked_now(here, [f"{i} {text}" for i, text in enumerate(large)])
        )
        await asyncio.to_thread(held.wait_for_one)
        others = [asyncio.create_task(_asked_now(here, texts)) for texts in (small, large)]
        await others[1]
        held.let_go()
        return [await task for task in (first, *others)]

    with served_here({"embedder": BUNDLES["embedder"]}, request_timeout=60) as here:
        held = HeldRuns(monkeypatch)
        held.hold()
        for _ in range(2):  # a run took 50 ms a token
            here.server.pace.ran(1, busy=True)
            time.sleep(0.05)
        first, another_small, another_large = asyncio.run(asked(here))
    assert (first.status, another_small.status, another_large.status) == (200, 200, 429)


def test_time_in_which_nobody_waits_is_not_that_of_reading() -> None:
    """Clients that leave take from the queue what made it busy."""
    with served_here({"embedder": BUNDLES["embedder"]}) as here:
        pace = here.server.pace
        pace.ran(1, busy=True)  # the others that waited then left
        time.sleep(0.05)
        assert here.post("/embed", {"inputs": "a"}).status == 200
    assert pace.seconds(1000) == 0  # a run is told of behind its answer, and before the end


async def _asked_now(here: Here, texts: list[str]) -> Answered:
    body = json.dumps({"inputs": texts}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    return await here.answer("POST", "/embed", headers, [body])


def test_scripts_of_allowed_pages_read_what_is_told_of_an_answer() -> None:
    """A browser hides every other header from them."""
    origin = {"origin": "https://app.example", "content-type": "application/json"}
    bundle = {"embedder": BUNDLES["embedder"]}
    with served_here(bundle, cors_origins=("https://app.example",)) as here:
        body = {"inputs": ["a", "lamp " * 100], "normalize": False}
        told = here.post("/embed", body, origin).headers
        readable = set(told["access-control-expose-headers"].split(", "))
        assert {name for name in told if name.startswith("x-")} <= readable
        assert {"x-truncated", "x-truncated-texts", "x-normalized"} <= told.keys()


def test_models_are_told_in_the_order_in_which_they_were_named(here: Here) -> None:
    listed = f"models: {', '.join(BUNDLES)}"
    assert here.post("/models/gpt/embed", {"inputs": "a"}).error.endswith(listed)
    assert here.post("/embed", {"inputs": "a", "model": "gpt"}).error.endswith(listed)


def test_keys_are_needed_on_the_routes_of_all_clients() -> None:
    with served_here({"embedder": BUNDLES["embedder"]}, keys=("right",)) as here:
        for path in ("/", "/embed", "/v1/embeddings", "/v2/rerank", "/rerank"):
            assert here.post(path, {}).status == 401
        assert here.get("/v1/models").status == here.get("/info").status == 401
        assert here.get("/health").status == 200
        allowed = {"content-type": "application/json", "authorization": "Bearer right"}
        assert (
            here.post("/v1/embeddings", {"input": "a", "model": "embedder"}, allowed).status == 200
        )
