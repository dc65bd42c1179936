"""One search in each framework, by the classes and the steps of its own documentation.

Each takes a loaded model, indexes documents, and returns for each query the places of those it
found, nearest first.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.ecosystem.ranking import Ask
from edgebert.adapters import RetrievalEmbedder
from edgebert.runtimes import Model

Found = list[list[int]]


@dataclass(frozen=True)
class Way:
    """A way to search: the package it needs, what is done with it, and how."""

    package: str
    what: str
    search: Callable[[Model, Ask], Found]


def langchain(model: Model, ask: Ask) -> Found:
    from edgebert.adapters import LangChainEmbeddings

    store = _langchain_store(LangChainEmbeddings(model), ask)
    return [_places(store.similarity_search(query, k=ask.k)) for query in ask.queries]


def langchain_two_methods(model: Model, ask: Ask) -> Found:
    store = _langchain_store(RetrievalEmbedder(model), ask)
    return [_places(store.similarity_search(query, k=ask.k)) for query in ask.queries]


def langchain_async(model: Model, ask: Ask) -> Found:
    from edgebert.adapters import LangChainEmbeddings

    store = _langchain_store(LangChainEmbeddings(model), ask)
    searches = [store.asimilarity_search(query, k=ask.k) for query in ask.queries]
    return [_places(documents) for documents in _together(searches)]


def _langchain_store(embeddings: Any, ask: Ask) -> Any:
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(embeddings)
    store.add_texts(list(ask.documents), ids=_names(ask))
    return store


def llama_index(model: Model, ask: Ask) -> Found:
    retriever = _llama_retriever(model, ask)
    return [_places_of_nodes(retriever.retrieve(query)) for query in ask.queries]


def llama_index_async(model: Model, ask: Ask) -> Found:
    retriever = _llama_retriever(model, ask)
    searches = [retriever.aretrieve(query) for query in ask.queries]
    return [_places_of_nodes(nodes) for nodes in _together(searches)]


def _llama_retriever(model: Model, ask: Ask) -> Any:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode

    from edgebert.adapters import LlamaIndexEmbedding

    pairs = zip(_names(ask), ask.documents, strict=True)
    nodes = [TextNode(id_=name, text=text) for name, text in pairs]
    index = VectorStoreIndex(nodes, embed_model=LlamaIndexEmbedding(model))
    return index.as_retriever(similarity_top_k=ask.k)


def haystack(model: Model, ask: Ask) -> Found:
    pipeline = _haystack_search(model, ask)
    return [_haystack_answer(pipeline, query) for query in ask.queries]


def haystack_written_down(model: Model, ask: Ask) -> Found:
    from haystack import Pipeline

    written = _haystack_search(model, ask).dumps()
    pipeline = Pipeline.loads(written, allowed_modules=["edgebert.adapters"])
    return [_haystack_answer(pipeline, query) for query in ask.queries]


def _haystack_search(model: Model, ask: Ask) -> Any:
    from haystack import Document, Pipeline
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.components.writers import DocumentWriter
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    from edgebert.adapters import HaystackDocumentEmbedder, HaystackTextEmbedder

    store = InMemoryDocumentStore(embedding_similarity_function="cosine")
    indexing = Pipeline()
    indexing.add_component("embedder", HaystackDocumentEmbedder(model))
    indexing.add_component("writer", DocumentWriter(store))
    indexing.connect("embedder.documents", "writer.documents")
    pairs = zip(_names(ask), ask.documents, strict=True)
    documents = [Document(id=name, content=text) for name, text in pairs]
    indexing.run({"embedder": {"documents": documents}})

    search = Pipeline()
    search.add_component("embedder", HaystackTextEmbedder(model))
    search.add_component("retriever", InMemoryEmbeddingRetriever(store, top_k=ask.k))
    search.connect("embedder.embedding", "retriever.query_embedding")
    return search


def _haystack_answer(pipeline: Any, query: str) -> list[int]:
    return _places(pipeline.run({"embedder": {"text": query}})["retriever"]["documents"])


def chroma(model: Model, ask: Ask) -> Found:
    import chromadb

    client = chromadb.EphemeralClient()
    return _chroma_answer(_chroma_collection(client, model, ask), ask)


def chroma_reopened(model: Model, ask: Ask) -> Found:
    import chromadb

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _chroma_collection(chromadb.PersistentClient(folder), model, ask)
        again = chromadb.PersistentClient(folder)
        return _chroma_answer(again.get_collection("documents"), ask)


def _chroma_collection(client: Any, model: Model, ask: Ask) -> Any:
    from edgebert.adapters import ChromaEmbeddingFunction

    function = ChromaEmbeddingFunction(model)
    collection = client.create_collection("documents", embedding_function=function)
    collection.add(ids=_names(ask), documents=list(ask.documents))
    return collection


def _chroma_answer(collection: Any, ask: Ask) -> Found:
    answer = collection.query(query_texts=list(ask.queries), n_results=ask.k)
    return [[int(name) for name in names] for names in answer["ids"]]


def _names(ask: Ask) -> list[str]:
    """Ids of the documents: their places."""
    return [str(place) for place in range(len(ask.documents))]


def _places(documents: Sequence[Any]) -> list[int]:
    return [int(document.id) for document in documents]


def _places_of_nodes(nodes: Sequence[Any]) -> list[int]:
    return [int(node.node_id) for node in nodes]


def _together(searches: Sequence[Awaitable[Any]]) -> list[Any]:
    async def all_of_them() -> list[Any]:
        return list(await asyncio.gather(*searches))

    return asyncio.run(all_of_them())


WAYS = (
    Way("langchain-core", "InMemoryVectorStore", langchain),
    Way("langchain-core", "with the two methods alone", langchain_two_methods),
    Way("langchain-core", "all queries at once (asyncio)", langchain_async),
    Way("llama-index-core", "VectorStoreIndex", llama_index),
    Way("llama-index-core", "all queries at once (asyncio)", llama_index_async),
    Way("haystack-ai", "two pipelines", haystack),
    Way("haystack-ai", "the pipeline written down and read", haystack_written_down),
    Way("chromadb", "a collection in memory", chroma),
    Way("chromadb", "a collection on disk, opened again", chroma_reopened),
)
