"""Texts with the embeddings of a teacher: by which a student of an embedding model is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Text
from edgebert.records.trained import LOSS
from edgebert.training.loop.objective import Scores
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.sentences.asked_vectors import sides_of
from edgebert.training.tasks.sentences.embedder import Embedder


@dataclass(frozen=True)
class EmbeddedTexts:
    """Texts and the embeddings a teacher gives them, float32 [texts, width]."""

    encoded: Encoded
    embeddings: Tensor
    embedder: Embedder

    metrics = ("mean_cosine",)

    def scores(self, model: PreTrainedModel) -> Scores:
        """Mean cosine to the teacher's embeddings."""
        found = self.embedder.embed_all(model, self.encoded)
        loss = (found - self.embeddings).square().sum(dim=-1).mean()
        cosine = torch.cosine_similarity(found, self.embeddings).mean()
        return {"mean_cosine": 100 * float(cosine), LOSS: float(loss)}


def embed_texts(
    texts: Sequence[Text],
    taught: Sequence[Tensor],
    *,
    tokenizer: PreTrainedTokenizerBase,
    embedder: Embedder,
) -> EmbeddedTexts:
    """Texts (of a pair, each side by itself) with the embeddings that a teacher gave them."""
    encoded = embedder.encode(tokenizer, sides_of(texts))
    return EmbeddedTexts(encoded, torch.stack(list(taught)), embedder)
