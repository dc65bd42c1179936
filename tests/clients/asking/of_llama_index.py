"""LlamaIndex's two ways to a server of somebody's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llama_index.embeddings.openai_like import OpenAILikeEmbedding
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference

from clients.asking.server import Server
from clients.questions import REAL, TEXT, TEXTS


def ask_like_openai(server: Server) -> Iterator[tuple[str, Any]]:
    url = f"{server.url}/v1"
    return _embedded(OpenAILikeEmbedding(model_name=REAL, api_base=url, api_key=server.key))


def ask_like_tei(server: Server) -> Iterator[tuple[str, Any]]:
    url = server.of(REAL)
    embedding = TextEmbeddingsInference(
        model_name=REAL,
        base_url=url,
        auth_token=server.key,
        query_instruction="",
        text_instruction="",
    )
    return _embedded(embedding)


def _embedded(embedding: Any) -> Iterator[tuple[str, Any]]:
    yield "vector", embedding.get_text_embedding(TEXT)
    yield "vector", embedding.get_query_embedding(TEXT)
    yield "vectors", embedding.get_text_embedding_batch(list(TEXTS))
