"""Texts with the embeddings of a teacher: what a student of an embedding model learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Text
from edgebert.records.trained import LOSS
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.sentences.embedder import Embedder


@dataclass(frozen=True)
class EmbeddedTexts:
    """Texts and the embeddings a teacher gives them, float32 [texts, width].

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


def embed_texts(
    texts: Sequence[Text],
    *,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    embedder: Embedder,
) -> EmbeddedTexts:
    """Texts (of a pair, each side by itself) with the embeddings that `model` gives them."""
    sides = [side for text in texts for side in ((text,) if isinstance(text, str) else text)]
    encoded = embedder.encode(tokenizer, sides)
    return EmbeddedTexts(encoded, embedder.embed_all(model, encoded), embedder)
