"""Documents ranked for queries, and how good a ranking is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.data import Retrieval
from edgebert.measures.similarity import all_similarities, comparable
from edgebert.records.manifest import COSINE

_QUERIES_AT_ONCE = 256  # 5 MB of similarities for 5000 documents


def rank_documents(
    vectors: Array, retrieval: Retrieval, k: int, name: str = COSINE
) -> Iterator[list[int]]:
    """For each query its `k` most similar documents, the best first.

    Of equally similar documents the earlier one comes first.

    Args:
        vectors: float32 [queries + documents, dim].
        retrieval: says which of them are queries.
        k: how many documents to rank.
        name: what they are compared by.
    """
    compared = comparable(vectors, name)
    documents = compared[retrieval.queries :]
    for start in range(0, retrieval.queries, _QUERIES_AT_ONCE):
        stop = min(start + _QUERIES_AT_ONCE, retrieval.queries)
        similarities = all_similarities(compared[start:stop], documents, name)
        for query, similarity in enumerate(similarities, start=start):
            if query in retrieval.identical:
                similarity[retrieval.identical[query]] = -np.inf
            yield _best(similarity, k)


def ndcg_at_k(relevance: Mapping[int, int], ranked: Sequence[int], k: int) -> float:
    """Normalized discounted cumulative gain of one ranking, as trec_eval and BEIR count it.

    The gain is the grade itself (not 2 ** grade - 1), the discount log2(rank + 1).
    Järvelin & Kekäläinen 2002, "Cumulated gain-based evaluation of IR techniques".

    Args:
        relevance: grades of the judged documents; others, and grades below 0, gain nothing.
        ranked: documents, the best first.
        k: how many of them count.
    """
    ideal = _gain(sorted((max(grade, 0) for grade in relevance.values()), reverse=True)[:k])
    found = _gain([max(relevance.get(document, 0), 0) for document in ranked[:k]])
    return found / ideal if ideal else 0.0


def recall_at_k(relevance: Mapping[int, int], ranked: Sequence[int], k: int) -> float:
    """Share of the relevant documents (grade above 0) among the first `k`."""
    relevant = {document for document, grade in relevance.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def mrr_at_k(relevance: Mapping[int, int], ranked: Sequence[int], k: int) -> float:
    """1 / rank of the first relevant document (grade above 0) among the first `k`, or 0."""
    hits = (
        rank for rank, document in enumerate(ranked[:k], start=1) if relevance.get(document, 0) > 0
    )
    return 1 / next(hits, math.inf)


def _gain(grades: Sequence[int]) -> float:
    return float(np.asarray(grades) @ (1 / np.log2(np.arange(2, len(grades) + 2))))


def _best(similarity: npt.NDArray[np.float32], k: int) -> list[int]:
    """The `k` largest, in order; a partition alone would keep any of those tied at the end."""
    if k < len(similarity):
        bound = np.partition(similarity, -k)[-k]
        near = np.flatnonzero(similarity >= bound)
    else:
        near = np.flatnonzero(similarity > -np.inf)
    order = np.argsort(-similarity[near], kind="stable")[:k]
    return [int(document) for document in near[order]]
