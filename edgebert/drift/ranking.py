"""Documents ranked for queries, and how good a ranking is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.data import Retrieval
from edgebert.measures.similarity import all_similarities, comparable
from edgebert.records.manifest import COSINE

_QUERIES_AT_ONCE = 256  # 5 MB of similarities for 5000 documents


@dataclass(frozen=True)
class Candidates:
    """Texts that are ranked for queries, as pairs of a query and a text give them.

    Attributes:
        candidates: for each query that has several of them, and one that is relevant, the numbers
            of its pairs; others have nothing to be ranked.
        relevance: of each pair.
    """

    candidates: tuple[tuple[int, ...], ...]
    relevance: Sequence[float]

    @classmethod
    def of(cls, queries: Sequence[str], relevance: Sequence[float]) -> Candidates:
        """Those of the queries, one for each pair."""
        of_query: dict[str, list[int]] = {}
        for pair, query in enumerate(queries):
            of_query.setdefault(query, []).append(pair)
        ranked = (tuple(pairs) for pairs in of_query.values() if len(pairs) > 1)
        return cls(
            tuple(pairs for pairs in ranked if any(relevance[pair] > 0 for pair in pairs)),
            relevance,
        )

    def measured(
        self, measure: Callable[..., float], scores: Sequence[float], k: int
    ) -> list[float]:
        """For each query how good its ranking by the scores of all pairs is.

        Of equal scores the less relevant one comes first: nothing is won by the order of a file,
        or by giving all texts one score.
        """

        def order(pair: int) -> tuple[float, float]:
            return -scores[pair], self.relevance[pair]

        return [
            measure({pair: self.relevance[pair] for pair in pairs}, sorted(pairs, key=order), k)
            for pairs in self.candidates
        ]


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


def ndcg_at_k(relevance: Mapping[int, float], ranked: Sequence[int], k: int) -> float:
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


def reciprocal_rank_at_k(relevance: Mapping[int, float], ranked: Sequence[int], k: int) -> float:
    """1 / the rank of the first relevant document among the first `k`; 0 where there is none."""
    ranks = (rank for rank, one in enumerate(ranked[:k], start=1) if relevance.get(one, 0) > 0)
    return 1 / next(ranks, float("inf"))


def recall_at_k(relevance: Mapping[int, int], ranked: Sequence[int], k: int) -> float:
    """Share of the relevant documents (grade above 0) among the first `k`."""
    relevant = {document for document, grade in relevance.items() if grade > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def _gain(grades: Sequence[float]) -> float:
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
