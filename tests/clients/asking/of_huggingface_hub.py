"""huggingface_hub's InferenceClient, for each task that a bundle can have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from huggingface_hub import InferenceClient

from clients.asking.server import Server, refused
from clients.questions import (
    CONTEXT,
    DOCUMENTS,
    MASKED,
    NAMED,
    QUERY,
    QUESTION,
    REAL,
    TEXT,
    TEXTS,
    TRANSLATOR,
)


def ask(server: Server) -> Iterator[tuple[str, Any]]:
    yield from _vectors(server)
    yield from _heads(server)
    real = _client(server, REAL)
    own = InferenceClient(model=server.of(REAL), token=server.key, provider="hf-inference")
    yield "health", own.health_check()
    info = own.get_endpoint_info()
    yield "info", [info["model_id"], info["max_input_length"], info["model_type"]]
    stranger = InferenceClient(model=server.of(REAL), token="guessed")
    yield "wrong key", refused(lambda: stranger.feature_extraction(TEXT))
    yield "no reader", refused(lambda: real.question_answering(question=QUESTION, context=CONTEXT))
    reader = _client(server, "reader")
    ask_reader = partial(reader.question_answering, question=QUESTION, context=CONTEXT)
    yield "several answers", refused(lambda: ask_reader(top_k=3))
    filler = _client(server, "filler")
    yield "no mask", refused(lambda: filler.fill_mask(TEXT))
    translator = _client(server, TRANSLATOR)
    yield "translated elsewhere", refused(lambda: translator.translation(TEXT))


def _vectors(server: Server) -> Iterator[tuple[str, Any]]:
    real, embedder = _client(server, REAL), _client(server, "embedder")
    yield "matrix of one", real.feature_extraction(TEXT).tolist()
    yield "vectors", real.feature_extraction(list(TEXTS), normalize=True, truncate=True).tolist()
    prompted = embedder.feature_extraction(TEXT, prompt_name="query", truncation_direction="right")
    yield "prompted", prompted.tolist()
    yield "too long", refused(lambda: real.feature_extraction(TEXTS[3], truncate=False))
    yield "no such prompt", refused(lambda: real.feature_extraction(TEXT, prompt_name="poem"))
    likenesses = real.sentence_similarity(QUERY, other_sentences=list(DOCUMENTS))
    yield "similarities", likenesses


def _heads(server: Server) -> Iterator[tuple[str, Any]]:
    for name in ("classifier", "multi-label"):
        client = _client(server, name)
        yield f"labels of {name}", _plain(client.text_classification(TEXT))
        yield f"best label of {name}", _plain(client.text_classification(TEXT, top_k=1))
    tagger = _client(server, "tagger")
    yield "entities", _plain(tagger.token_classification(NAMED))
    simple = tagger.token_classification(NAMED, aggregation_strategy="simple")
    yield "entities, simple", _plain(simple)
    places = tagger.token_classification(NAMED, ignore_labels=["PER"])
    yield "entities but persons", _plain(places)
    reader = _client(server, "reader")
    ask_reader = partial(reader.question_answering, question=QUESTION, context=CONTEXT)
    yield "answer", _plain([ask_reader()])
    yield "answer or none", _plain([ask_reader(handle_impossible_answer=True)])
    filler = _client(server, "filler")
    yield "fills", _plain(filler.fill_mask(MASKED))
    yield "two fills", _plain(filler.fill_mask(MASKED, top_k=2))


def _client(server: Server, bundle: str) -> InferenceClient:
    return InferenceClient(model=server.of(bundle), token=server.key)


def _plain(elements: Any) -> list[dict[str, Any]]:
    """Elements as what is set of them."""
    return [
        {name: value for name, value in asdict(element).items() if value is not None}
        for element in elements
    ]
