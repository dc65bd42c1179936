"""Sentence similarity: one encoder for both texts, mean pooling, cosine against the score.

Reimers & Gurevych 2019, "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import mse_loss
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.sentence_head import SentenceHead
from edgebert.data import Examples, Text
from edgebert.measures.statistics import spearman
from edgebert.records.manifest import COSINE
from edgebert.sentence_modules import SentenceModules
from edgebert.training.loop.device import training_device
from edgebert.training.loop.objective import LOSS, Scores, Step
from edgebert.training.tasks.encoding import Encoded, encode, predict


@dataclass(frozen=True)
class Embedder:
    """How an embedding is made of token vectors, and what embeddings are compared by."""

    modules: SentenceModules
    similarity: str = COSINE

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Embedder:
        return cls(checkpoint.modules or SentenceModules(("mean",)), checkpoint.similarity)

    @cached_property
    def _head(self) -> SentenceHead:
        with torch.inference_mode(False):  # weights made in it could not be trained through
            return SentenceHead(self.modules).to(training_device())

    def embed(self, model: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
        """Embeddings of a batch, float32 [texts, width]; the steps stay as they are."""
        hidden = model(**batch).last_hidden_state
        embeddings: Tensor = self._head(hidden, batch["attention_mask"])
        return embeddings

    def embed_all(self, model: PreTrainedModel, encoded: Encoded) -> Tensor:
        """Embeddings of all texts in their order, float32 [texts, hidden]."""
        return torch.stack(predict(model, encoded, lambda batch: self.embed(model, batch)))


@dataclass(frozen=True)
class ScoredPairs:
    """Pairs of texts and their similarity; `gold` is float32 [pairs], at most 1."""

    first: Encoded
    second: Encoded
    gold: Tensor
    embedder: Embedder

    metrics = ("spearman",)

    @property
    def lengths(self) -> list[int]:
        return [max(pair) for pair in zip(self.first.lengths, self.second.lengths, strict=True)]

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        return step.mean(lambda rows: self._loss(model, rows))

    def _loss(self, model: PreTrainedModel, rows: list[int]) -> Tensor:
        first = self.embedder.embed(model, self.first.batch(rows))
        second = self.embedder.embed(model, self.second.batch(rows))
        cosine = torch.cosine_similarity(first, second)
        return mse_loss(cosine, self.gold[rows].to(cosine.device), reduction="sum")

    def scores(self, model: PreTrainedModel) -> Scores:
        """Spearman correlation of cosine and score."""
        first = self.embedder.embed_all(model, self.first)
        second = self.embedder.embed_all(model, self.second)
        cosine = torch.cosine_similarity(first, second)
        loss = mse_loss(cosine, self.gold).item()
        return {"spearman": 100 * spearman(cosine.tolist(), self.gold.tolist()), LOSS: loss}


@dataclass(frozen=True)
class EmbeddedTexts:
    """Texts and the embeddings a teacher gives them, float32 [texts, hidden].

    Reimers & Gurevych 2020, "Making Monolingual Sentence Embeddings Multilingual using Knowledge
    Distillation", train a student on the squared error of these.
    """

    encoded: Encoded
    embeddings: Tensor
    embedder: Embedder

    metrics = ("mean_cosine",)

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        return step.mean(lambda rows: self._loss(model, rows))

    def _loss(self, model: PreTrainedModel, rows: list[int]) -> Tensor:
        """Squared error summed over dimensions, so that it does not shrink with their number."""
        found = self.embedder.embed(model, self.encoded.batch(rows))
        return (found - self.embeddings[rows].to(found.device)).square().sum()

    def scores(self, model: PreTrainedModel) -> Scores:
        """Mean cosine to the teacher's embeddings."""
        found = self.embedder.embed_all(model, self.encoded)
        loss = (found - self.embeddings).square().sum(dim=-1).mean()
        cosine = torch.cosine_similarity(found, self.embeddings).mean()
        return {"mean_cosine": 100 * float(cosine), LOSS: float(loss)}


def encode_scored_pairs(
    examples: Examples, *, tokenizer: PreTrainedTokenizerBase, embedder: Embedder
) -> ScoredPairs:
    """Encode pairs; scores above 1 are divided by the largest.

    Raises:
        InputError: no pairs of texts, or no scores.
    """
    pairs, scores = examples.require_scored_pairs()
    first, second = (encode(tokenizer, side) for side in zip(*pairs, strict=True))
    scaled = torch.tensor(scores) / max(1.0, max(scores))
    return ScoredPairs(first, second, scaled, embedder)


def embed_texts(
    texts: Sequence[Text],
    *,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    embedder: Embedder,
) -> EmbeddedTexts:
    """Texts (of a pair, each side by itself) with the embeddings that `model` gives them."""
    sides = [side for text in texts for side in ((text,) if isinstance(text, str) else text)]
    encoded = encode(tokenizer, sides)
    return EmbeddedTexts(encoded, embedder.embed_all(model, encoded), embedder)
