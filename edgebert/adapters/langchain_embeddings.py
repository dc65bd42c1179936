"""A bundle as LangChain's `Embeddings`."""

from __future__ import annotations

from langchain_core.embeddings import Embeddings

from edgebert.adapters.retrieval_embedder import RetrievalEmbedder


class LangChainEmbeddings(RetrievalEmbedder, Embeddings):
    """For what asks for an `Embeddings` by its class; the asynchronous methods run in a thread.

    LangChain has no way to tell a vector store what to compare by: give the store that has a choice
    `similarity_fn_name`. Its own store in memory knows only the cosine.
    """
