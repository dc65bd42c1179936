"""Sentence similarity: one encoder for both texts, whose cosine is to order pairs as scores do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.measures.statistics import pearson, spearman
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.sentences.embedder import Embedder
from edgebert.training.tasks.sentences.matryoshka import Prefixes
from edgebert.training.tasks.sentences.whole_step import as_share, embed_rows

_SCALE = 20.0
_METRICS = ("spearman", "pearson")


@dataclass(frozen=True)
class ScoredPairs:
    """Pairs of texts and how alike they are, on any scale: only the order is learned.

    Attributes:
        gold: float32 [pairs].
    """

    first: Encoded
    second: Encoded
    gold: Tensor
    embedder: Embedder
    prefixes: Prefixes

    @property
    def metrics(self) -> tuple[str, ...]:
        return self.prefixes.metrics(_METRICS)

    @property
    def lengths(self) -> list[int]:
        return [max(pair) for pair in zip(self.first.lengths, self.second.lengths, strict=True)]

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        """One loss for the whole step: each of its pairs is compared with all others."""
        rows, joined = list(step.rows), step.processes.joined
        first = joined(embed_rows(self.embedder, model, self.first, rows, step))
        second = joined(embed_rows(self.embedder, model, self.second, rows, step))
        gold = joined(self.gold[rows].to(first.device))
        if rows:
            loss = self.prefixes.loss(lambda a, b: cosent_loss(a, b, gold), first, second)
            yield as_share(loss, step)

    def scores(self, model: PreTrainedModel) -> Scores:
        """Correlations of cosine and score; the loss is that of one step of all pairs."""
        first = self.embedder.embed_all(model, self.first)
        second = self.embedder.embed_all(model, self.second)
        loss = self.prefixes.loss(lambda a, b: cosent_loss(a, b, self.gold), first, second)
        return self.prefixes.scores(self._correlations, loss.item(), first, second)

    def _correlations(self, first: Tensor, second: Tensor) -> Scores:
        cosines, gold = torch.cosine_similarity(first, second).tolist(), self.gold.tolist()
        return {"spearman": 100 * spearman(cosines, gold), "pearson": 100 * pearson(cosines, gold)}


def cosent_loss(first: Tensor, second: Tensor, gold: Tensor) -> Tensor:
    """The CoSENT loss: pairs with a higher score are to have a higher cosine.

    log(1 + sum of exp(20 (cosine of i - cosine of j)) over all i, j of which j scores higher).
    Su 2022, "CoSENT: A more efficient sentence vector scheme than Sentence-BERT". Pairs are sorted
    by their score, so that no matrix of all pairs of pairs is needed.

    Args:
        first, second: embeddings of the two sides, float32 [pairs, dim].
        gold: scores, float32 [pairs].
    """
    gold, order = gold.sort()
    cosines = _SCALE * torch.cosine_similarity(first, second)[order]
    above = torch.logcumsumexp(-cosines.flip(0), dim=0).flip(0)  # of this and all later pairs
    above = torch.cat((above, above.new_full((1,), -torch.inf)))
    higher = torch.searchsorted(gold, gold, right=True)  # first place with a higher score
    return torch.cat((cosines.new_zeros(1), cosines + above[higher])).logsumexp(dim=0)


def encode_scored_pairs(
    examples: Examples,
    *,
    tokenizer: PreTrainedTokenizerBase,
    embedder: Embedder,
    prefixes: Prefixes,
) -> ScoredPairs:
    """Encode pairs with scores of any scale.

    Raises:
        InputError: no pairs of texts, no scores, or all of them equal.
    """
    pairs, scores = examples.require_scored_pairs()
    if min(scores) == max(scores):
        raise InputError(
            f"{examples.path}: every pair has the score {scores[0]:g}, so there is no order to learn"
        )
    first, second = (embedder.encode(tokenizer, side) for side in zip(*pairs, strict=True))
    return ScoredPairs(first, second, torch.tensor(scores), embedder, prefixes)
