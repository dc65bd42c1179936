"""A checkpoint as PyTorch runs it: the reference that graphs are held to.

It shares no code with a bundle: transformers tokenizes, PyTorch's eager attention runs, and the
pooling is numpy's, not the graph's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from edgebert.checkpoint import Checkpoint
from edgebert.data import Text
from edgebert.drift.pooling import pool, unit
from edgebert.drift.spans import best_span
from edgebert.graph.weights import Weight
from edgebert.progress import track
from edgebert.pytorch import load_model, load_tokenizer
from edgebert.records.manifest import EMBEDDINGS, QUESTION_ANSWERING, TOKEN_CLASSIFICATION
from edgebert.runtimes.answers import Array
from edgebert.runtimes.entities import TokenizedText

_BATCH = 32
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
        return self.checkpoint.problem_type == "multi_label_classification"

    @property
    def max_length(self) -> int:
        return self.checkpoint.max_length

    def outputs(self, texts: Sequence[Text], *, progress: bool = False) -> list[Array]:
        """Output for each text: float32 [dim], [labels] or [tokens, labels].

        For question answering, [tokens, 2]: logits of where the answer starts and ends.
        """
        order = sorted(range(len(texts)), key=lambda i: len("".join(texts[i])))
        groups = [order[i : i + _BATCH] for i in range(0, len(order), _BATCH)]
        rows: dict[int, Array] = {}
        for group in track(groups, "PyTorch reference") if progress else groups:
            inputs = dict(self.encode([texts[i] for i in group]))
            result = self.run(inputs)[self.output_name]
            for i, row, mask in zip(group, result, inputs["attention_mask"], strict=True):
                rows[i] = row[mask.astype(bool)] if self.task in _BY_TOKEN else row
        return [rows[i] for i in range(len(texts))]

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
        with torch.inference_mode():
            result = self.model(**tensors)
        if self.task == QUESTION_ANSWERING:
            return {"logits": torch.stack([result.start_logits, result.end_logits], -1).numpy()}
        if self.task != EMBEDDINGS:
            return {"logits": result.logits.numpy()}
        hidden = result.last_hidden_state.numpy()
        pooled = pool(hidden, inputs["attention_mask"], str(self.checkpoint.pooling))
        if self.checkpoint.normalize:
            pooled = unit(pooled)
        return {"last_hidden_state": hidden, "sentence_embedding": pooled.astype(np.float32)}

    def encode(self, texts: Sequence[Text]) -> dict[str, npt.NDArray[np.int64]]:
        """Tokens of texts as transformers makes them, padded to the longest."""
        encoding = self._tokenize(texts, return_tensors="np", padding=True)
        return {name: np.asarray(values, np.int64) for name, values in encoding.items()}

    def tokenized(self, texts: Sequence[str]) -> list[TokenizedText]:
        encoding = self._tokenize(texts, return_offsets_mapping=True)
        return [
            TokenizedText(text, encoding["offset_mapping"][i], encoding.word_ids(i))
            for i, text in enumerate(texts)
        ]

    def answers(self, texts: Sequence[Text], outputs: Sequence[Array]) -> list[str]:
        """The answer to each (question, context), as it stands in the context."""
        encoding = self._tokenize(texts, return_offsets_mapping=True)
        found = []
        for i, (text, logits) in enumerate(zip(texts, outputs, strict=True)):
            in_context = np.array([side == 1 for side in encoding.sequence_ids(i)])
            first, last = best_span(logits, in_context)
            offsets = encoding["offset_mapping"][i]
            found.append(text[1][offsets[first][0] : offsets[last][1]] if first >= 0 else "")
        return found

    def _tokenize(self, texts: Sequence[Text], **options: Any) -> Any:
        arguments: list[list[str]] = [[t if isinstance(t, str) else t[0] for t in texts]]
        if any(not isinstance(t, str) for t in texts):
            arguments.append(["" if isinstance(t, str) else t[1] for t in texts])
        cut = "only_second" if self.task == QUESTION_ANSWERING else True  # a question stays whole
        return self.tokenizer(*arguments, truncation=cut, max_length=self.max_length, **options)
