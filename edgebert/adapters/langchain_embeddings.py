"""A bundle as LangChain's `Embeddings`."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from edgebert.adapters.retrieval_embedder import RetrievalEmbedder


class LangChainEmbeddings(RetrievalEmbedder, Embeddings):
    """For what asks for an `Embeddings` by its class; the asynchronous methods run in a thread."""
