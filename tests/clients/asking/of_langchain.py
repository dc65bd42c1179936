"""LangChain, which sends ids of a tokenizer of its own until it is told not to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tiktoken
from langchain_openai import OpenAIEmbeddings

from clients.asking.server import Server, refused
from clients.questions import REAL, TEXT, TEXTS


def ask(server: Server) -> Iterator[tuple[str, Any]]:
    told = _embeddings(server, check_embedding_ctx_length=False)
    yield "vector", told.embed_query(TEXT)
    yield "vectors", told.embed_documents(list(TEXTS))
    tiktoken.registry.ENCODINGS["cl100k_base"] = _bytes()
    yield "token ids", refused(lambda: _embeddings(server).embed_query(TEXT))


def _embeddings(server: Server, **options: Any) -> OpenAIEmbeddings:
    url = f"{server.url}/v1"
    return OpenAIEmbeddings(model=REAL, base_url=url, api_key=server.key, max_retries=0, **options)


def _bytes() -> tiktoken.Encoding:
    """In the place of the vocabulary that would be downloaded: what is sent are ids all the same."""
    ranks = {bytes([value]): value for value in range(256)}
    return tiktoken.Encoding(
        "cl100k_base", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={}
    )
