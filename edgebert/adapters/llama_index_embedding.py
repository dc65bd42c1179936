"""A bundle as LlamaIndex's `BaseEmbedding`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
from llama_index.core.base.embeddings.base import BaseEmbedding, SimilarityMode, similarity
from llama_index.core.bridge.pydantic import PrivateAttr

from edgebert.adapters.retrieval_embedder import RetrievalEmbedder
from edgebert.runtimes import Model
from edgebert.vectors.similarity import similarities

_MOST_TEXTS = (
    2048  # what LlamaIndex hands over at a time at most; batches are for the model to make
)


class LlamaIndexEmbedding(BaseEmbedding):
    """For `Settings.embed_model`, or `embed_model=` of an index."""

    _embedder: RetrievalEmbedder = PrivateAttr()

    def __init__(self, model: Model | str | Path, *, fingerprint: str | None = None) -> None:
        embedder = RetrievalEmbedder(model, fingerprint=fingerprint)
        super().__init__(model_name=str(embedder.bundle), embed_batch_size=_MOST_TEXTS)
        self._embedder = embedder

    @property
    def fingerprint(self) -> str:
        return self._embedder.fingerprint

    @classmethod
    def class_name(cls) -> str:
        return cls.__name__

    def similarity(
        self,
        embedding1: list[float],
        embedding2: list[float],
        mode: SimilarityMode | None = None,
    ) -> float:
        """By what the model is for, where no mode is asked for."""
        if mode is not None:
            return float(similarity(embedding1, embedding2, mode))
        a, b = (np.array([side], np.float32) for side in (embedding1, embedding2))
        names = ("embedding1", "embedding2")
        return float(similarities(a, b, names, self._embedder.measure)[0, 0])

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._embedder.embed_query(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._embedder.embed_documents([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._embedder.embed_documents(texts)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)
