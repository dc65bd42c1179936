"""Questions with contexts of which a student learns where its teacher sees the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from torch import Tensor
from transformers import PreTrainedTokenizerBase

from edgebert.data import Text
from edgebert.training.tasks.encoding import Encoded
from edgebert.training.tasks.labels.heads import divergence
from edgebert.training.tasks.questions.answering import span_logits
from edgebert.training.tasks.questions.context_reader import ContextReader, pairs_of_questions

_NOWHERE = -1e4
"""The logit of padding: no probability, and unlike an infinite one no NaN in a divergence."""


@dataclass(frozen=True)
class AskedSpans:
    """Windows of contexts, each beside its question; an answer is where a span starts and ends."""

    encoded: Encoded

    whole = False
    answers_per_row = 1.0

    def __add__(self, other: AskedSpans) -> AskedSpans:
        return AskedSpans(self.encoded + other.encoded)

    def values(self, output: Any, batch: dict[str, Tensor]) -> Tensor:
        """Logits of start and end, float32 [rows, tokens, 2]."""
        padding = batch["attention_mask"][..., None] == 0
        return span_logits(output).masked_fill(padding, _NOWHERE)

    def answers(self, values: Tensor, rows: list[int]) -> Tensor:
        """Of each window two choices among its tokens, [rows, 2, tokens]."""
        return values.transpose(1, 2)

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        """Mean of the divergences of start and end."""
        return divergence(learnt, taught, temperature) / 2


def ask_questions(texts: Sequence[Text], *, tokenizer: PreTrainedTokenizerBase) -> AskedSpans:
    """Questions with their contexts, in the windows that are read of them."""
    reader = ContextReader.of(tokenizer)
    windows = reader.windows(pairs_of_questions(texts))
    return AskedSpans(reader.encode(chain.from_iterable(windows)))
