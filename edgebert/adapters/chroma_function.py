"""A bundle as Chroma's `EmbeddingFunction`.

A collection keeps the path of the bundle and opens it again by itself, where this module has been
imported; a bundle that has moved is given with `embedding_function=`. It keeps the fingerprint too:
another bundle in the same place is refused at its first text.
"""

from __future__ import annotations

from pathlib import Path

from chromadb.api.types import Documents, EmbeddingFunction, Embeddings, Space
from chromadb.utils.embedding_functions import register_embedding_function

from edgebert.adapters.retrieval_embedder import RetrievalEmbedder, document_vectors, query_vectors
from edgebert.errors import InputError
from edgebert.records.manifest import COSINE, DOT, EUCLIDEAN
from edgebert.runtimes import Model

_SPACES: dict[str, Space] = {COSINE: "cosine", DOT: "ip", EUCLIDEAN: "l2"}


@register_embedding_function
class ChromaEmbeddingFunction(EmbeddingFunction[Documents]):
    """For `embedding_function=` of a collection."""

    def __init__(self, model: Model | str | Path, *, fingerprint: str | None = None) -> None:
        self._embedder = RetrievalEmbedder(model, fingerprint=fingerprint)

    def __call__(self, input: Documents) -> Embeddings:
        return list(document_vectors(self._embedder.model, input))

    def embed_query(self, input: Documents) -> Embeddings:
        return list(query_vectors(self._embedder.model, input))

    @staticmethod
    def name() -> str:
        return "edgebert"

    def default_space(self) -> Space:
        """What a collection compares by where it is not told otherwise: what the model is for."""
        name = self._embedder.similarity_fn_name
        if name not in _SPACES:
            raise InputError(
                f"{self._embedder.bundle} compares by {name}, which Chroma does not: its spaces "
                f"are those of {', '.join(_SPACES)}"
            )
        return _SPACES[name]

    def supported_spaces(self) -> list[Space]:
        """Chroma warns where a collection is given another; at length 1 all of them rank alike."""
        every = list(_SPACES.values())
        return every if self._embedder.measure.unit else [self.default_space()]

    def get_config(self) -> dict[str, str]:
        return {
            "bundle": str(self._embedder.bundle.absolute()),
            "fingerprint": self._embedder.fingerprint,
        }

    @staticmethod
    def build_from_config(config: dict[str, str]) -> ChromaEmbeddingFunction:
        return ChromaEmbeddingFunction(config["bundle"], fingerprint=config.get("fingerprint"))
