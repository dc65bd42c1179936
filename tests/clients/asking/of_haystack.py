"""Haystack's components for OpenAI, Hugging Face's API and rankers of TEI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from haystack import Document
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.utils import Secret
from haystack_integrations.components.embedders.huggingface_api import (
    HuggingFaceAPIDocumentEmbedder,
    HuggingFaceAPITextEmbedder,
)
from haystack_integrations.components.rankers.huggingface_api import HuggingFaceTEIRanker

from clients.asking.server import Server
from clients.questions import DOCUMENTS, QUERY, REAL, TEXT, TEXTS


def ask_openai(server: Server) -> Iterator[tuple[str, Any]]:
    options: dict[str, Any] = {"api_base_url": f"{server.url}/v1", "model": REAL}
    options["api_key"] = Secret.from_token(server.key)
    yield "vector", OpenAITextEmbedder(**options).run(TEXT)["embedding"]
    yield "vectors", embedded(OpenAIDocumentEmbedder(**options, progress_bar=False))


def ask_hugging_face(server: Server) -> Iterator[tuple[str, Any]]:
    options: dict[str, Any] = {"api_type": "text_embeddings_inference"}
    options["api_params"] = {"url": server.of(REAL)}
    options["token"] = Secret.from_token(server.key)
    yield "vector", HuggingFaceAPITextEmbedder(**options).run(TEXT)["embedding"]
    yield "vectors", embedded(HuggingFaceAPIDocumentEmbedder(**options, progress_bar=False))


def ask_ranker(server: Server) -> Iterator[tuple[str, Any]]:
    url = f"{server.of('reranker')}/"  # it joins "/rerank" by urljoin, which takes a path away
    ranker = HuggingFaceTEIRanker(url=url, token=Secret.from_token(server.key))
    yield "order", ranked(ranker.run(QUERY, documents(DOCUMENTS))["documents"])


def documents(texts: tuple[str, ...]) -> list[Document]:
    """One for each text, by its place."""
    return [Document(content=text, meta={"place": place}) for place, text in enumerate(texts)]


def embedded(embedder: Any) -> list[Any]:
    """The vectors of the texts."""
    return [found.embedding for found in embedder.run(documents(TEXTS))["documents"]]


def ranked(found: list[Document]) -> list[Any]:
    """Places and scores, in the order that came."""
    return [[document.meta["place"], document.score] for document in found]
