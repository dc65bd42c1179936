"""A checkpoint as PyTorch runs it: the reference that graphs are held to.

It shares no code with what it is compared to: transformers tokenizes, PyTorch's eager attention
runs, and pooling is written here once more, in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers

from edgebert.checkpoint import Checkpoint
from edgebert.data import Text
from edgebert.errors import CheckpointError
from edgebert.progress import track
from edgebert.records.manifest import EMBEDDINGS, TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION
from edgebert.runtimes.answers import Array
from edgebert.runtimes.entities import TokenizedText

_CLASSES = {
    EMBEDDINGS: transformers.AutoModel,
    TEXT_CLASSIFICATION: transformers.AutoModelForSequenceClassification,
    TOKEN_CLASSIFICATION: transformers.AutoModelForTokenClassification,
}
_BATCH = 32


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
        """Output for each text: float32 [dim], [labels] or [tokens, labels]."""
        order = sorted(range(len(texts)), key=lambda i: len("".join(texts[i])))
        groups = [order[i : i + _BATCH] for i in range(0, len(order), _BATCH)]
        rows: dict[int, Array] = {}
        for group in track(groups, "PyTorch reference") if progress else groups:
            inputs = dict(self.encode([texts[i] for i in group]))
            result = self.run(inputs)[self.output_name]
            for i, row, mask in zip(group, result, inputs["attention_mask"], strict=True):
                rows[i] = row[mask.astype(bool)] if self.task == TOKEN_CLASSIFICATION else row
        return [rows[i] for i in range(len(texts))]

    @property
    def output_name(self) -> str:
        return "sentence_embedding" if self.task == EMBEDDINGS else "logits"

    def run(self, inputs: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, Array]:
        """Run one batch of int64 [batch, sequence] inputs; outputs named as in a bundle."""
        tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
        with torch.inference_mode():
            result = self.model(**tensors)
        if self.task != EMBEDDINGS:
            return {"logits": result.logits.numpy()}
        hidden = result.last_hidden_state.numpy()
        pooled = _pool(hidden, inputs["attention_mask"], str(self.checkpoint.pooling))
        if self.checkpoint.normalize:
            pooled = pooled / np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
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

    def _tokenize(self, texts: Sequence[Text], **options: Any) -> Any:
        arguments: list[list[str]] = [[t if isinstance(t, str) else t[0] for t in texts]]
        if any(not isinstance(t, str) for t in texts):
            arguments.append(["" if isinstance(t, str) else t[1] for t in texts])
        return self.tokenizer(*arguments, truncation=True, max_length=self.max_length, **options)


def load_model(checkpoint: Checkpoint, *, attention: str) -> Any:
    """Load the weights into PyTorch, in evaluation mode, with one of transformers' attentions.

    Raises:
        CheckpointError: they do not fit, or some are missing: transformers would draw those at
            random and go on.
    """
    auto_class = _CLASSES[checkpoint.task]
    model, missing = load_weights(auto_class, checkpoint, attn_implementation=attention)
    if checkpoint.task == EMBEDDINGS:  # which do not pass through BERT's pooler
        missing = {name for name in missing if not name.startswith("pooler.")}
    if missing:
        raise CheckpointError(
            f"{checkpoint.path} has no fitting weights for {min(missing)}: "
            f"it was not trained for {checkpoint.task}, or config.json is not its own"
        )
    return model.eval()


def load_weights(auto_class: Any, checkpoint: Checkpoint, **config: Any) -> tuple[Any, set[str]]:
    """Load the weights in float32 under a head of `auto_class`, one of transformers' Auto classes.

    Args:
        auto_class: decides the head; one that the checkpoint does not have starts at random.
        checkpoint: where the weights are.
        config: values that differ from the checkpoint's own configuration.

    Returns:
        The model, and the names of the weights that the checkpoint does not have, or has in
        another shape.

    Raises:
        CheckpointError: the weights do not fit the configuration, or it is of no known kind.
    """
    with quiet_transformers(), _failures_named(checkpoint.path):
        model, info = auto_class.from_pretrained(
            checkpoint.path,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            local_files_only=True,
            **config,
        )
    return model, {*info["missing_keys"], *(name for name, *_ in info["mismatched_keys"])}


def load_tokenizer(checkpoint: Checkpoint) -> Any:
    """Load the checkpoint's tokenizer in its fast form, which knows words and offsets.

    Raises:
        CheckpointError: it cannot be loaded, or has no fast form.
    """
    with quiet_transformers(), _failures_named(checkpoint.path):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            checkpoint.path, local_files_only=True
        )
    if not tokenizer.is_fast:
        raise CheckpointError(
            f"{checkpoint.path} has no tokenizer.json, and none can be made of it"
        )
    return tokenizer


def _pool(hidden: Array, mask: npt.NDArray[np.int64], pooling: str) -> Array:
    """Pool float32 [batch, sequence, hidden] to [batch, hidden], without padding."""
    if pooling == "cls":
        return hidden[:, 0]
    return np.stack(
        [row[real.astype(bool)].mean(axis=0) for row, real in zip(hidden, mask, strict=True)]
    )


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' warnings and bars off the terminal: what matters is said by us."""
    verbosity = transformers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers.logging.set_verbosity(verbosity)
        if bars:
            transformers.logging.enable_progress_bar()


@contextmanager
def _failures_named(path: Path) -> Iterator[None]:
    """Transformers, safetensors and tokenizers raise many kinds of error for a bad folder."""
    try:
        yield
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(f"{path} cannot be loaded: {reason}") from error
