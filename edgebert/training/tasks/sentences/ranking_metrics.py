"""How well documents are ranked for queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from edgebert.data import Retrieval
from edgebert.drift.ranking import (
    ndcg_at_k,
    rank_documents,
    recall_at_k,
    reciprocal_rank_at_k,
)
from edgebert.training.loop.objective import Scores


@dataclass(frozen=True)
class RankingMetric:
    """What is counted of the first `k` documents of a query."""

    name: str
    count: Callable[[Mapping[int, int], Sequence[int], int], float]
    k: int


AMONG_POSITIVES = (
    # with one rank the reciprocal one is 1 where the first document is right, and else 0
    RankingMetric("accuracy_at_1", reciprocal_rank_at_k, 1),
    RankingMetric("mrr_at_10", reciprocal_rank_at_k, 10),
)
"""Of pairs: all documents of the file are ranked."""

OF_JUDGEMENTS = (
    RankingMetric("ndcg_at_10", ndcg_at_k, 10),
    RankingMetric("mrr_at_10", reciprocal_rank_at_k, 10),
    RankingMetric("recall_at_100", recall_at_k, 100),
)
"""Of a folder in the BEIR layout."""


def ranking_scores(
    queries: Tensor, documents: Tensor, judged: Retrieval, metrics: Sequence[RankingMetric]
) -> Scores:
    """Means over the queries, in points, of documents ranked by cosine.

    Args:
        queries, documents: embeddings, float32 [n, dim].
        judged: which documents are relevant.
        metrics: what is counted.
    """
    vectors = torch.cat((queries, documents)).numpy()
    ranked = list(rank_documents(vectors, judged, max(metric.k for metric in metrics)))
    return {
        metric.name: 100
        * float(
            np.mean(
                [
                    metric.count(relevance, found, metric.k)
                    for relevance, found in zip(judged.relevance, ranked, strict=True)
                ]
            )
        )
        for metric in metrics
    }
