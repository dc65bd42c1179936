"""Texts of which a student learns the embeddings its teacher gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from edgebert.data import Text
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.sentences.embedder import Embedder


@dataclass(frozen=True)
class AskedVectors:
    """Texts, each with an embedding.

    Reimers & Gurevych 2020, "Making Monolingual Sentence Embeddings Multilingual using Knowledge
    Distillation", train a student on the squared error.
    """

    encoded: Encoded
    embedder: Embedder

    whole = True
    answers_per_row = 1.0

    def __add__(self, other: AskedVectors) -> AskedVectors:
        return AskedVectors(self.encoded + other.encoded, self.embedder)

    def values(self, output: Any, batch: dict[str, Tensor]) -> Tensor:
        """Embeddings, float32 [rows, width]."""
        return self.embedder.of_hidden(output.last_hidden_state, batch)

    def answers(self, values: Tensor, rows: list[int]) -> Tensor:
        return values

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        """Squared error summed over dimensions too, so that it does not shrink with their number."""
        return (learnt - taught).square().sum()


def ask_vectors(
    texts: Sequence[Text], *, tokenizer: PreTrainedTokenizerBase, embedder: Embedder
) -> AskedVectors:
    """Texts, of a pair each side by itself."""
    return AskedVectors(embedder.encode(tokenizer, sides_of(texts)), embedder)


def sides_of(texts: Sequence[Text]) -> list[str]:
    return [side for text in texts for side in ((text,) if isinstance(text, str) else text)]
