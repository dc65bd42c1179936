"""One score for a text or a pair: as given in a file, or how well a text answers a query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from edgebert.data import Examples, Text
from edgebert.drift.ranking import Candidates, ndcg_at_k, reciprocal_rank_at_k
from edgebert.errors import InputError
from edgebert.measures.statistics import average_precision, pearson, spearman
from edgebert.records.manifest import IDENTITY, SIGMOID
from edgebert.tasks.classification import REGRESSION
from edgebert.training.tasks.labels.heads import OneScore, Probability
from edgebert.training.tasks.labels.texts import Metric

_RANKS = 10


@dataclass(frozen=True)
class Score:
    """A number as the file gives it; targets are float32 [texts, 1]."""

    labels: tuple[str, ...] = ("score",)
    head: OneScore = field(default_factory=OneScore)

    problem_type = REGRESSION
    scoring = IDENTITY
    targets = "text_scores"

    def gold(self, examples: Examples) -> Tensor:
        """The score of each text.

        Raises:
            InputError: no scores, or the same everywhere.
        """
        scores = examples.require_text_scores()
        if len(set(scores)) == 1:
            raise InputError(
                f"{examples.path}: every row has the score {scores[0]:g}, so nothing is learned "
                "or measured by them: give scores that differ"
            )
        return torch.tensor(scores)[:, None]

    def answers(self, logits: Tensor) -> Tensor:
        return logits

    def metrics(self, texts: Sequence[Text], targets: Tensor) -> dict[str, Metric]:
        return _correlations(targets)


@dataclass(frozen=True)
class Relevance:
    """How well the second text of a pair answers the first, from 0 to 1; float32 [pairs, 1].

    As sentence-transformers' CrossEncoder with one label and BinaryCrossEntropyLoss.
    """

    labels: tuple[str, ...] = ("relevance",)
    head: Probability = field(default_factory=Probability)

    problem_type = None
    scoring = SIGMOID
    targets = "relevance"

    def gold(self, examples: Examples) -> Tensor:
        """The relevance of each pair.

        Raises:
            InputError: no pairs, no labels of 0 and 1 or scores between, or the same everywhere.
        """
        relevance = examples.require_relevance()
        if len(set(relevance)) == 1:
            raise InputError(
                f"{examples.path}: every pair has the relevance {relevance[0]:g}: add pairs that "
                "do not belong together, or such that do"
            )
        return torch.tensor(relevance, dtype=torch.float64)[:, None]

    def answers(self, logits: Tensor) -> Tensor:
        return logits.double().sigmoid()  # of which float32 would make many alike

    def metrics(self, texts: Sequence[Text], targets: Tensor) -> dict[str, Metric]:
        """Average precision, and where queries have several candidates how these are ranked.

        Where relevance is graded, its correlation with the scores.
        """
        relevance = targets[:, 0].tolist()
        if not set(relevance) <= {0.0, 1.0}:
            return _correlations(targets)
        queries = Candidates.of([text[0] for text in texts], relevance)
        metrics: dict[str, Metric] = {
            "average_precision": lambda logits: (
                100 * average_precision(relevance, logits[:, 0].tolist())
            )
        }
        if queries.candidates:
            metrics["mrr_at_10"] = _mean_rank(queries, reciprocal_rank_at_k)
            metrics["ndcg_at_10"] = _mean_rank(queries, ndcg_at_k)
        return metrics


def _mean_rank(queries: Candidates, measure: Callable[..., float]) -> Metric:
    def metric(logits: Tensor) -> float:
        values = queries.measured(measure, logits[:, 0].tolist(), _RANKS)
        return 100 * sum(values) / len(values)

    return metric


def _correlations(targets: Tensor) -> dict[str, Metric]:
    gold = targets[:, 0].tolist()
    return {
        "spearman": lambda logits: 100 * spearman(logits[:, 0].tolist(), gold),
        "pearson": lambda logits: 100 * pearson(logits[:, 0].tolist(), gold),
    }
