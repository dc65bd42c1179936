"""A bundle in LangChain, LlamaIndex, Haystack, Chroma and Ray Data. edgebert depends on none of them.

Each class takes a loaded model, or the path of a bundle, which is then loaded at its first text.
Documents get the model's prompt for documents, queries the one for queries (`runtimes.prompts`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgebert.errors import MissingPackage

if TYPE_CHECKING:
    from edgebert.adapters.chroma_function import ChromaEmbeddingFunction as ChromaEmbeddingFunction
    from edgebert.adapters.haystack_components import (
        HaystackDocumentEmbedder as HaystackDocumentEmbedder,
    )
    from edgebert.adapters.haystack_components import HaystackTextEmbedder as HaystackTextEmbedder
    from edgebert.adapters.langchain_embeddings import LangChainEmbeddings as LangChainEmbeddings
    from edgebert.adapters.llama_index_embedding import LlamaIndexEmbedding as LlamaIndexEmbedding
    from edgebert.adapters.ray_embedder import RayEmbedder as RayEmbedder
    from edgebert.adapters.retrieval_embedder import RetrievalEmbedder as RetrievalEmbedder

_HOMES = {
    "ChromaEmbeddingFunction": "chroma_function",
    "HaystackDocumentEmbedder": "haystack_components",
    "HaystackTextEmbedder": "haystack_components",
    "LangChainEmbeddings": "langchain_embeddings",
    "LlamaIndexEmbedding": "llama_index_embedding",
    "RayEmbedder": "ray_embedder",
    "RetrievalEmbedder": "retrieval_embedder",
}
_PACKAGES = {
    "chromadb": "chromadb",
    "haystack": "haystack-ai",
    "langchain_core": "langchain-core",
    "llama_index": "llama-index-core",
}
"""What is imported, and what is to be installed for it."""

__all__ = [
    "ChromaEmbeddingFunction",
    "HaystackDocumentEmbedder",
    "HaystackTextEmbedder",
    "LangChainEmbeddings",
    "LlamaIndexEmbedding",
    "RayEmbedder",
    "RetrievalEmbedder",
]


def __getattr__(name: str) -> Any:
    """Import a class, and the framework it is for, when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'edgebert.adapters' has no attribute {name!r}")
    try:
        return getattr(import_module(f"edgebert.adapters.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _PACKAGES:
            raise
        raise MissingPackage(f"edgebert.adapters.{name}", _PACKAGES[missing]) from error


def __dir__() -> list[str]:
    return __all__
