"""Cohere's client, both versions of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cohere

from clients.asking.server import Server, refused
from clients.questions import DOCUMENTS, QUERY


def ask(server: Server) -> Iterator[tuple[str, Any]]:
    texts = list(DOCUMENTS)
    newer = cohere.ClientV2(server.key, base_url=server.url)
    older = cohere.Client(server.key, base_url=server.url)
    for client in (newer, older):
        asked: dict[str, Any] = {"model": "reranker", "query": QUERY, "documents": texts}
        yield "order", _ranked(client.rerank(**asked))
        yield "best two", _ranked(client.rerank(**asked, top_n=2))
    told = older.rerank(model="reranker", query=QUERY, documents=texts, return_documents=True)
    yield "texts in order", [result.document.text for result in told.results]
    asked = {"model": "gpt", "query": QUERY, "documents": texts}
    yield "no such model", refused(lambda: newer.rerank(**asked))
    stranger = cohere.ClientV2("guessed", base_url=server.url)
    asked = {"model": "reranker", "query": QUERY, "documents": texts}
    yield "wrong key", refused(lambda: stranger.rerank(**asked))


def _ranked(told: Any) -> list[Any]:
    return [[result.index, result.relevance_score] for result in told.results]
