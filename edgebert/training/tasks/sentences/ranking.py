"""Search: a query is to be nearer to the text that answers it than to those of other queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize
from transformers import PreTrainedModel

from edgebert.data import Retrieval
from edgebert.measures.matching import MATCHED, Matches, match_rows
from edgebert.training.loop.batches import chunks
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.matryoshka import Prefixes
from edgebert.training.tasks.sentences.ranking_metrics import RankingMetric, ranking_scores
from edgebert.training.tasks.sentences.whole_step import as_share, embed_rows

_SCALE = 20.0
_EXAM_STEP = 64  # pairs that are each other's negatives in the loss on dev
_TRIPLET_ACCURACY = "triplet_accuracy"


@dataclass(frozen=True)
class Pair:
    """A query and the document that answers it, by number, and documents that do not."""

    query: int
    document: int
    negatives: tuple[int, ...] = ()


@dataclass(frozen=True)
class RankedPairs:
    """Queries and documents, and which belong together.

    Attributes:
        queries, documents: every text once.
        pairs: what is learned.
        answers: of each query the documents that are never its negatives: all of its own, and the
            query's text where it is a document too.
        judged: the ranking that is examined.
        ranked: the metrics of that; none where triplets are examined, or texts of two sides are to
            find each other.
        both_ways: whether they are.
    """

    queries: Encoded
    documents: Encoded
    pairs: tuple[Pair, ...]
    answers: tuple[frozenset[int], ...]
    judged: Retrieval
    ranked: tuple[RankingMetric, ...]
    embedder: Embedder
    prefixes: Prefixes
    both_ways: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        names, _ = self._examined
        return self.prefixes.metrics(names)

    @property
    def _examined(self) -> tuple[tuple[str, ...], Callable[[Tensor, Tensor], Scores]]:
        """What is counted, and what counts it, of embeddings of the queries and the documents."""
        if self.both_ways:
            return MATCHED, self._matching
        if self.ranked:
            return tuple(metric.name for metric in self.ranked), self._ranking
        return (_TRIPLET_ACCURACY,), self._triplets

    @property
    def lengths(self) -> list[int]:
        queries, documents = self.queries.lengths, self.documents.lengths
        return [
            max(queries[pair.query], *(documents[d] for d in (pair.document, *pair.negatives)))
            for pair in self.pairs
        ]

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        """One loss for the whole step: the documents of all pairs are each query's candidates."""
        pairs, joined = [self.pairs[row] for row in step.rows], step.processes.joined
        sides = (
            (self.queries, [pair.query for pair in pairs]),
            (self.documents, [pair.document for pair in pairs]),
            (self.documents, [number for pair in pairs for number in pair.negatives]),
        )
        queries, positives, negatives = (
            joined(embed_rows(self.embedder, model, encoded, rows, step)) for encoded, rows in sides
        )
        asked, right, wrong = (_joined_numbers(step, rows) for _, rows in sides)
        if pairs:
            hidden = self._never_wrong(asked, right + wrong).to(queries.device)
            loss = self.prefixes.loss(
                lambda q, d: in_batch_loss(q, d, hidden), queries, torch.cat((positives, negatives))
            )
            yield as_share(loss, step)

    def _never_wrong(self, queries: Sequence[int], candidates: Sequence[int]) -> Tensor:
        """Which candidates answer a query, but for its own: bool [queries, candidates]."""
        hidden = torch.tensor([[c in self.answers[q] for c in candidates] for q in queries])
        return hidden.fill_diagonal_(False)  # the first candidates are the queries' own

    def scores(self, model: PreTrainedModel) -> Scores:
        """How documents are ranked, and the loss of steps of 64 pairs."""
        queries = self.embedder.embed_all(model, self.queries)
        documents = self.embedder.embed_all(model, self.documents)
        loss = sum(
            self._loss(queries, documents, rows).item() * len(rows)
            for rows in chunks(list(range(len(self.pairs))), _EXAM_STEP)
        )
        _, measure = self._examined
        return self.prefixes.scores(measure, loss / max(1, len(self.pairs)), queries, documents)

    def _loss(self, queries: Tensor, documents: Tensor, rows: list[int]) -> Tensor:
        pairs = [self.pairs[row] for row in rows]
        asked, candidates = [pair.query for pair in pairs], [pair.document for pair in pairs]
        candidates += [number for pair in pairs for number in pair.negatives]
        hidden = self._never_wrong(asked, candidates)
        return self.prefixes.loss(
            lambda q, d: in_batch_loss(q, d, hidden), queries[asked], documents[candidates]
        )

    def _ranking(self, queries: Tensor, documents: Tensor) -> Scores:
        return ranking_scores(queries, documents, self.judged, self.ranked)

    def _matching(self, queries: Tensor, documents: Tensor) -> Scores:
        pairs = [(pair.query, pair.document) for pair in self.pairs]
        matches = Matches(pairs, self.judged.identical)
        rows = match_rows(queries.numpy(), documents.numpy(), matches)
        return {name: 100 * float(found.mean()) for name, found in rows.items()}

    def _triplets(self, queries: Tensor, documents: Tensor) -> Scores:
        """Share of pairs whose document is nearer than each of its negatives."""
        queries, documents = normalize(queries, dim=-1), normalize(documents, dim=-1)
        right = 0
        for pair in self.pairs:
            near = documents[[pair.document, *pair.negatives]] @ queries[pair.query]
            right += bool((near[0] > near[1:]).all())
        return {_TRIPLET_ACCURACY: 100 * right / len(self.pairs)}


def in_batch_loss(queries: Tensor, documents: Tensor, hidden: Tensor) -> Tensor:
    """Mean cross entropy of each query's document among all, by 20 times their cosine.

    van den Oord et al. 2018, "Representation Learning with Contrastive Predictive Coding";
    Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply".

    Args:
        queries: float32 [queries, dim].
        documents: float32 [documents, dim]; first that of each query, then hard negatives.
        hidden: which documents are none of a query's candidates, bool [queries, documents].
    """
    cosines = normalize(queries, dim=-1) @ normalize(documents, dim=-1).T
    logits = (_SCALE * cosines).masked_fill(hidden, -torch.inf)
    return cross_entropy(logits, torch.arange(len(queries), device=logits.device))


def _joined_numbers(step: Step, numbers: list[int]) -> list[int]:
    joined: list[int] = step.processes.joined(torch.tensor(numbers, dtype=torch.int64)).tolist()
    return joined
