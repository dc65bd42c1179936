"""A bundle as Haystack's two embedders: of a query's text, and of documents.

A pipeline that is written down keeps the path of the bundle and its fingerprint: another bundle in
the same place is refused at its first text. Haystack reads classes of others only
where they are allowed: `Pipeline.loads(text, allowed_modules=["edgebert.adapters"])`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from haystack import Document, component, default_to_dict

from edgebert.adapters.retrieval_embedder import RetrievalEmbedder
from edgebert.errors import InputError
from edgebert.records.manifest import COSINE, DOT
from edgebert.runtimes import Model

_FUNCTIONS = {COSINE: "cosine", DOT: "dot_product"}


@component
class HaystackTextEmbedder:
    """For a pipeline that searches."""

    def __init__(self, model: Model | str | Path, fingerprint: str | None = None) -> None:
        self._embedder = RetrievalEmbedder(model, fingerprint=fingerprint)

    def to_dict(self) -> dict[str, Any]:
        return _written_down(self, self._embedder)

    def warm_up(self) -> None:
        _ = self._embedder.model

    @component.output_types(embedding=list[float])
    def run(self, text: str) -> dict[str, list[float]]:
        return {"embedding": self._embedder.embed_query(text)}


@component
class HaystackDocumentEmbedder:
    """For a pipeline that indexes; of each document the content is embedded."""

    def __init__(self, model: Model | str | Path, fingerprint: str | None = None) -> None:
        self._embedder = RetrievalEmbedder(model, fingerprint=fingerprint)

    @property
    def embedding_similarity_function(self) -> str:
        """What an `InMemoryDocumentStore` of the vectors is to compare by."""
        name = self._embedder.similarity_fn_name
        if name not in _FUNCTIONS:
            raise InputError(
                f"{self._embedder.bundle} compares by {name}, which Haystack's store in memory "
                f"does not: it knows {' and '.join(_FUNCTIONS)}"
            )
        return _FUNCTIONS[name]

    def to_dict(self) -> dict[str, Any]:
        return _written_down(self, self._embedder)

    def warm_up(self) -> None:
        _ = self._embedder.model

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        vectors = self._embedder.embed_documents([each.content or "" for each in documents])
        pairs = zip(documents, vectors, strict=True)
        return {"documents": [replace(each, embedding=vector) for each, vector in pairs]}


def _written_down(embedder_component: Any, embedder: RetrievalEmbedder) -> dict[str, Any]:
    written: dict[str, Any] = default_to_dict(
        embedder_component, model=str(embedder.bundle), fingerprint=embedder.fingerprint
    )
    return written
