"""What each verb of an embedding model asks on the way to its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgebert.bounds import check_number
from edgebert.errors import InputError
from edgebert.records.manifest import EMBEDDINGS
from edgebert.runtimes.asked import Asked, prompt_of, require
from edgebert.runtimes.calls import Ask, Call, Given, Request
from edgebert.runtimes.requests import embedding
from edgebert.tasks.sparse import SPARSE_EMBEDDINGS, InvertedIndex, SparseVector
from edgebert.text.long_texts import TRUNCATE
from edgebert.text.prompts import document_prompt, query_prompt
from edgebert.vectors.forms import FLOAT32, Vectors
from edgebert.vectors.ranking import Hit
from edgebert.vectors.searching import corpus_of, listed_corpus, search_stream
from edgebert.vectors.searching import search as nearest
from edgebert.vectors.similarity import is_one, listed_values, similarities


def embed(
    model: Asked,
    texts: Any,
    *,
    prompt: str | None = None,
    truncate_dim: int | None = None,
    max_length: int | None = None,
    dtype: str = FLOAT32,
    long_text: str = TRUNCATE,
) -> Call:
    """What `Model.embed` does, with its arguments and errors."""
    require(model, "embed", EMBEDDINGS)
    request = embedding(
        model.pipeline,
        prompt_of(model, prompt),
        truncate_dim=truncate_dim,
        max_length=max_length,
        dtype=dtype,
        long_text=long_text,
    )
    return Call((Ask(texts, request),))


def embed_sparse(
    model: Asked, texts: Any, *, prompt: str | None = None, long_text: str = TRUNCATE
) -> Call:
    """What `Model.embed_sparse` does, with its arguments and errors."""
    require(model, "embed_sparse", SPARSE_EMBEDDINGS)
    return Call((_sparse(model, texts, prompt, long_text),))


def similarity(model: Asked, a: Any, b: Any) -> Call:
    """What `Model.similarity` does, with its arguments and errors."""
    require(model, "similarity", EMBEDDINGS, SPARSE_EMBEDDINGS)
    request = _whole_vectors(model, None)

    def compared(left: Vectors, right: Vectors) -> Any:
        matrix = similarities(left, right, ("a", "b"), model.spec.similarity_function)
        if is_one(a) and is_one(b):
            return float(matrix[0, 0])
        return matrix[0] if is_one(a) else matrix[:, 0] if is_one(b) else matrix

    return Call((_side("a", a, request), _side("b", b, request)), compared)


def search(model: Asked, queries: Any, corpus: Any, k: int = 10, *, progress: bool = False) -> Call:
    """What `Model.search` does, with its arguments and errors; a stream may show its progress."""
    require(model, "search", EMBEDDINGS, SPARSE_EMBEDDINGS)
    check_number("k", k, 1)
    if not model.spec.task.dense:
        return _search_sparse(model, queries, corpus, k)
    function = model.spec.similarity_function
    texts, documents = _documents(model, corpus)
    request = _whole_vectors(model, query_prompt(model.spec))
    if not is_one(queries) and not hasattr(queries, "__len__"):
        ask = partial(model.pipeline.ask, request=request, progress=progress)

        def hits_of_each(vectors: Vectors) -> Iterator[list[Hit]]:
            return search_stream(queries, ask, vectors, k, texts, function)

        return Call((documents,), hits_of_each, streamed=True)

    def hits(asked: Vectors, vectors: Vectors) -> Any:
        found = nearest(asked, vectors, k, texts, measure=function)
        return found[0] if is_one(queries) else found

    return Call((_side("queries", queries, request), documents), hits)


def _documents(model: Asked, corpus: Any) -> tuple[list[str] | None, Ask[Vectors] | Given]:
    """The texts of a corpus, where it has some, and what gives its vectors."""
    prompt = document_prompt(model.spec)
    request = _whole_vectors(model, prompt)
    if isinstance(corpus, Path):
        from edgebert.vectors.saved_corpus import corpus_of_file  # and all that reads files

        texts, vectors = corpus_of_file(corpus, model.made_by(prompt))
        return texts, Ask(texts, request) if vectors is None else Given(vectors)
    side = _side("corpus", corpus_of(corpus), request)
    return (list(map(str, side.texts)) if isinstance(side, Ask) else None), side


def _search_sparse(model: Asked, queries: Any, corpus: Any, k: int) -> Call:
    """The same by the pieces that texts and queries share."""
    if isinstance(corpus, Path):
        from edgebert.data import stream_texts

        corpus = [str(text) for text in stream_texts(corpus)]
    listed = listed_corpus(corpus)
    texts = None if isinstance(listed[0], SparseVector) else listed
    documents = _sparse(model, texts, document_prompt(model.spec)) if texts else Given(listed)

    def hits(asked: Any, vectors: list[SparseVector]) -> Any:
        index = InvertedIndex(vectors, texts)
        if isinstance(asked, SparseVector):
            return index.nearest(asked, k)
        found = (index.nearest(query, k) for query in asked)
        return list(found) if isinstance(asked, list) else found

    return Call((_sparse(model, queries, query_prompt(model.spec)), documents), hits)


def _sparse(
    model: Asked, texts: Any, prompt: str | None, long_text: str = TRUNCATE
) -> Ask[SparseVector]:
    dense = _whole_vectors(model, prompt, long_text)

    def sparse(found: Any) -> SparseVector:
        return SparseVector.of(dense.read(found))

    return Ask(texts, Request(dense.check, dense.reading, sparse))


def _whole_vectors(model: Asked, prompt: str | None, long_text: str = TRUNCATE) -> Request[Vectors]:
    """Whole vectors, of whichever kind the model gives."""
    return embedding(
        model.pipeline,
        prompt_of(model, prompt),
        truncate_dim=None,
        max_length=None,
        dtype=FLOAT32,
        long_text=long_text,
    )


def _side(name: str, values: Any, request: Request[Vectors]) -> Ask[Vectors] | Given:
    """One side of a comparison: vectors as they are, and texts, of which errors name the side."""
    listed = listed_values(name, values)
    if isinstance(listed, np.ndarray):
        return Given(listed)

    def check(item: Any, place: int) -> Any:
        try:
            return request.check(item, place)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error

    return Ask(listed, replace(request, check=check))
