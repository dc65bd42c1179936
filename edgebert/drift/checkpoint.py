"""A checkpoint as PyTorch runs it: the reference that graphs are held to.

It shares no code with a bundle: transformers tokenizes, PyTorch's eager attention runs (past 1,024
tokens, whose scores would be gigabytes, its `scaled_dot_product_attention`), and the pooling is
numpy's, not the graph's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edgebert.checkpoint import Checkpoint
from edgebert.data import Text
from edgebert.drift.pooling import embeddings
from edgebert.drift.spans import answer_text
from edgebert.errors import CheckpointError, InputError
from edgebert.graph.weights import Weight
from edgebert.progress import track
from edgebert.pytorch import load_model, load_tokenizer, quiet_transformers
from edgebert.records.manifest import (
    EMBEDDINGS,
    FILL_MASK,
    QUESTION_ANSWERING,
    TOKEN_CLASSIFICATION,
)
from edgebert.runtimes.answers import Array
from edgebert.runtimes.entities import TokenizedText

_BATCH = 32
_LOGITS_BYTES = 256_000_000
"""Logits of one batch for fill-mask, which has a row over the vocabulary for each token."""

_EAGER_TOKENS = 1024
"""Eager attention keeps a few copies of its scores, [rows, heads, tokens, tokens]: at 8,192 tokens
and 12 heads 3.2 GB each."""

_BY_TOKEN = (TOKEN_CLASSIFICATION, QUESTION_ANSWERING)


class CheckpointModel:
    """A checkpoint loaded into PyTorch, in evaluation mode; a `TextModel` of `drift.sources`."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.model = load_model(checkpoint, attention="eager")
        self.tokenizer = load_tokenizer(checkpoint)

    @property
    def task(self) -> str:
        return self.checkpoint.task

    @property
    def labels(self) -> tuple[str, ...]:
        return self.checkpoint.labels

    @property
    def multi_label(self) -> bool:
        return self.checkpoint.multi_label

    @property
    def scoring(self) -> str:
        return self.checkpoint.scoring

    @property
    def mask_token(self) -> str | None:
        return self.tokenizer.mask_token if self.task == FILL_MASK else None

    @property
    def default_prompt(self) -> str:
        return self.checkpoint.prompts.get(self.checkpoint.default_prompt or "", "")

    @property
    def max_length(self) -> int:
        return self.checkpoint.max_length

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Output for each text: float32 [dim], [labels] or [tokens, labels].

        For question answering, [tokens, 2]: logits of where the answer starts and ends. For
        fill-mask, [masks, vocabulary].
        """
        size = self._batch_size()
        order = sorted(range(len(texts)), key=lambda i: len("".join(texts[i])))
        groups = [order[i : i + size] for i in range(0, len(order), size)]
        rows: dict[int, Array] = {}
        for group in track(groups, "PyTorch reference") if progress else groups:
            inputs = dict(self.encode([texts[i] for i in group]))
            result = self._run_texts(inputs)[self.output_name]
            for place, (i, row) in enumerate(zip(group, result, strict=True)):
                rows[i] = row[self._read(inputs, place)]
        return [rows[i] for i in range(len(texts))]

    def _run_texts(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, Array]:
        try:
            return self.run(inputs)
        except (RuntimeError, IndexError, TypeError, ValueError) as error:
            line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CheckpointError(
                f"{self.checkpoint.id} does not answer texts in PyTorch: {line}"
            ) from error

    def _batch_size(self) -> int:
        if self.task != FILL_MASK:
            return _BATCH
        text_bytes = 4 * len(self.tokenizer) * self.max_length
        return max(1, min(_BATCH, _LOGITS_BYTES // text_bytes))

    def _read(self, inputs: Mapping[str, npt.NDArray[np.int64]], place: int) -> Any:
        """Which rows of a text's output are its answer."""
        if self.task == FILL_MASK:
            return inputs["input_ids"][place] == self.tokenizer.mask_token_id
        if self.task in _BY_TOKEN:
            return inputs["attention_mask"][place].astype(bool)
        return slice(None)

    @property
    def pooling(self) -> str | None:
        return self.checkpoint.pooling

    @property
    def made_from(self) -> str:
        return self.checkpoint.sha256()

    def weights(self) -> dict[str, Weight]:
        return {
            name: Weight(value.numpy(), 8 * value.element_size())
            for name, value in self.model.state_dict().items()
            if value.is_floating_point()
        }

    @property
    def output_name(self) -> str:
        return "sentence_embedding" if self.task == EMBEDDINGS else "logits"

    def run(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, Array]:
        """Run one batch of int64 [batch, sequence] inputs; outputs named as in a bundle."""
        tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
        with (
            quiet_transformers(),
            torch.inference_mode(),
            self._attention_for(inputs["input_ids"].shape[1]),
        ):
            result = self.model(**tensors)
        if self.task == QUESTION_ANSWERING:
            ends = {"start_logits": result.start_logits, "end_logits": result.end_logits}
            spans = {"logits": torch.stack(list(ends.values()), -1), **ends}
            return {name: values.numpy() for name, values in spans.items()}
        if self.checkpoint.modules is None:
            return {"logits": result.logits.numpy()}
        hidden = result.last_hidden_state.numpy()
        pooled = embeddings(hidden, inputs["attention_mask"], self.checkpoint.modules)
        return {"last_hidden_state": hidden, "sentence_embedding": pooled}

    @contextmanager
    def _attention_for(self, tokens: int) -> Iterator[None]:
        """Attention that keeps no scores, where they would be large and the model can do without."""
        if tokens <= _EAGER_TOKENS or not self.model._supports_sdpa:
            yield
            return
        self.model.set_attn_implementation("sdpa")
        try:
            yield
        finally:
            self.model.set_attn_implementation("eager")

    def encode(self, texts: Sequence[Text]) -> dict[str, npt.NDArray[np.int64]]:
        """Tokens of texts as transformers makes them, padded to the longest."""
        encoding = self._tokenize(texts, return_tensors="np", padding=True, padding_side="right")
        return {name: np.asarray(values, np.int64) for name, values in encoding.items()}

    @property
    def vocabulary_size(self) -> int:
        return len(self.tokenizer)

    def piece(self, token_id: int) -> str:
        return str(self.tokenizer.convert_ids_to_tokens(token_id))

    def tokenized(self, texts: Sequence[str]) -> list[TokenizedText]:
        encoding = self._tokenize(texts, return_offsets_mapping=True)
        return [
            TokenizedText(text, encoding["offset_mapping"][i], encoding.word_ids(i))
            for i, text in enumerate(texts)
        ]

    def answers(self, texts: Sequence[Text], outputs: Sequence[Array]) -> list[str]:
        """The answer to each (question, context), as it stands in the context."""
        encoding = self._tokenize(texts, return_offsets_mapping=True)
        return [
            answer_text(text[1], logits, encoding["offset_mapping"][i], encoding.sequence_ids(i))
            for i, (text, logits) in enumerate(zip(texts, outputs, strict=True))
        ]

    def _tokenize(self, texts: Sequence[Text], **options: Any) -> Any:
        arguments: list[list[str]] = [[t if isinstance(t, str) else t[0] for t in texts]]
        if any(not isinstance(t, str) for t in texts):
            arguments.append(["" if isinstance(t, str) else t[1] for t in texts])
        cut = "only_second" if self.task == QUESTION_ANSWERING else True  # a question stays whole
        try:
            return self.tokenizer(*arguments, truncation=cut, max_length=self.max_length, **options)
        except Exception as error:  # tokenizers raises bare Exception
            if cut is True:
                raise
            raise InputError(
                f"a question is longer than the {self.max_length} tokens that are read, or stands "
                "without its context"
            ) from error
