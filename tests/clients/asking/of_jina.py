"""Haystack's components for Jina's API, whose routes other rerankers have too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from haystack.utils import Secret
from haystack_integrations.components.embedders.jina import JinaDocumentEmbedder, JinaTextEmbedder
from haystack_integrations.components.rankers.jina import JinaRanker

from clients.asking.of_haystack import documents, embedded, ranked
from clients.asking.server import Server
from clients.questions import DOCUMENTS, QUERY, REAL, TEXT


def ask(server: Server) -> Iterator[tuple[str, Any]]:
    key = Secret.from_token(server.key)
    options: dict[str, Any] = {
        "api_key": key,
        "model": REAL,
        "base_url": f"{server.url}/v1/embeddings",
    }
    yield "vector", JinaTextEmbedder(**options).run(TEXT)["embedding"]
    yield "vectors", embedded(JinaDocumentEmbedder(**options, progress_bar=False))
    for path in ("/v1/rerank", "/rerank"):
        ranker = JinaRanker(api_key=key, model="reranker", base_url=f"{server.url}{path}", top_k=2)
        yield "best two", ranked(ranker.run(QUERY, documents(DOCUMENTS))["documents"])
