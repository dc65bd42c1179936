"""How a text becomes an embedding, as the checkpoint says and its runtime does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.checkpoint import Checkpoint
from edgebert.checkpoint.sentence_head import SentenceHead
from edgebert.records.manifest import COSINE
from edgebert.sentence_modules import Dense, Normalize, SentenceModules, Truncate
from edgebert.text.prompts import document_prompt, query_prompt
from edgebert.training.loop.device import training_device
from edgebert.training.tasks.encoding import Encoded, encode, predict


@dataclass(frozen=True)
class Embedder:
    """How an embedding is made of token vectors, and what embeddings are compared by.

    Attributes:
        prompts: what stands before a text, by name; `default_prompt` names that of texts that are
            neither searched nor searched for.
        lower_case: whether texts are lower-cased before the tokenizer reads them.
    """

    modules: SentenceModules
    similarity: str = COSINE
    prompts: Mapping[str, str] = field(default_factory=dict)
    default_prompt: str | None = None
    lower_case: bool = False

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Embedder:
        return cls(
            modules=checkpoint.modules or SentenceModules(("mean",)),
            similarity=checkpoint.similarity,
            prompts=checkpoint.prompts,
            default_prompt=checkpoint.default_prompt,
            lower_case=checkpoint.lower_case,
        )

    @property
    def unit(self) -> bool:
        """Whether embeddings have length 1, unless they are cut afterwards."""
        steps = [step for step in self.modules.steps if not isinstance(step, Truncate)]
        return bool(steps) and steps[-1] == Normalize()

    @property
    def input_width(self) -> int | None:
        """The width of token vectors that the steps are made for; None for any."""
        dense = next((step for step in self.modules.steps if isinstance(step, Dense)), None)
        return dense.in_features // len(self.modules.poolings) if dense else None

    def by_cosine(self) -> Embedder:
        """The same, at length 1 at its end: for what is learnt as a cosine."""
        steps = [step for step in self.modules.steps if not isinstance(step, Truncate)]
        cut = [step for step in self.modules.steps if isinstance(step, Truncate)]  # comes last
        if not self.unit:
            steps.append(Normalize())
        modules = replace(self.modules, steps=(*steps, *cut))
        return replace(self, modules=modules, similarity=COSINE)

    def width(self, hidden: int) -> int:
        """Numbers of an embedding, of token vectors of `hidden` numbers."""
        width = hidden * len(self.modules.poolings)
        for step in self.modules.steps:
            if isinstance(step, Dense):
                width = step.out_features
            elif isinstance(step, Truncate):
                width = min(width, step.dimension)
        return width

    def encode(self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Encoded:
        """Texts that are compared with their like."""
        return self._encode(tokenizer, texts, self.default_prompt or "")

    def encode_queries(self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Encoded:
        """Texts that are searched for."""
        return self._encode(tokenizer, texts, query_prompt(self))

    def encode_documents(self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> Encoded:
        """Texts that are searched."""
        return self._encode(tokenizer, texts, document_prompt(self))

    def _encode(
        self, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str], prompt: str
    ) -> Encoded:
        before = self.prompts.get(prompt, "")
        return encode(tokenizer, [before + text for text in texts])

    @cached_property
    def _head(self) -> SentenceHead:
        with torch.inference_mode(False):  # weights made in it could not be trained through
            return SentenceHead(self.modules).to(training_device())

    def embed(self, model: PreTrainedModel, batch: dict[str, Tensor]) -> Tensor:
        """Embeddings of a batch, float32 [texts, width]; the steps stay as they are."""
        return self.of_hidden(model(**batch).last_hidden_state, batch)

    def of_hidden(self, hidden: Tensor, batch: dict[str, Tensor]) -> Tensor:
        """The same of what the model made of the batch, [texts, sequence, hidden]."""
        with torch.autocast(hidden.device.type, enabled=False):  # bfloat16 is for the encoder
            embeddings: Tensor = self._head(hidden.float(), batch["attention_mask"])
        return embeddings

    def embed_all(
        self, model: PreTrainedModel, encoded: Encoded, label: str | None = None
    ) -> Tensor:
        """Embeddings of all texts in their order, float32 [texts, width].

        `label` is a few words for a progress bar, where they take long.
        """
        return torch.stack(predict(model, encoded, lambda batch: self.embed(model, batch), label))
