"""Texts as token ids, and batches of similar length that are padded only as far as they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from edgebert.data import Text
from edgebert.progress import track
from edgebert.training.loop.batches import chunks
from edgebert.training.loop.device import training_device

_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Encoded:
    """Token ids of texts, unpadded.

    Attributes:
        columns: model input name (`input_ids`, for some models `token_type_ids`) to its values.
        pad_id: what `input_ids` is padded with.
    """

    columns: dict[str, list[list[int]]]
    pad_id: int

    @property
    def lengths(self) -> list[int]:
        return [len(ids) for ids in self.columns["input_ids"]]

    def batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """These rows as int64 [rows, longest], padded on the right, with their attention mask."""
        inputs = {
            name: pad([values[row] for row in rows], self.pad_id if name == "input_ids" else 0)
            for name, values in self.columns.items()
        }
        ones = [[1] * len(self.columns["input_ids"][row]) for row in rows]
        inputs["attention_mask"] = pad(ones, 0)
        device = training_device()
        return {name: values.to(device) for name, values in inputs.items()}

    def __add__(self, other: Encoded) -> Encoded:
        columns = {name: values + other.columns[name] for name, values in self.columns.items()}
        return Encoded(columns, self.pad_id)


def encode(tokenizer: PreTrainedTokenizerBase, texts: Sequence[Text]) -> Encoded:
    """Tokenize texts or pairs, cut at the tokenizer's `model_max_length`."""
    pairs = [text if isinstance(text, tuple) else (text, None) for text in texts]
    seconds = [second for _, second in pairs]
    encoding = tokenizer(
        [first for first, _ in pairs],
        seconds if None not in seconds else None,
        truncation=True,
        return_attention_mask=False,
    )
    return Encoded({name: encoding[name] for name in encoding}, tokenizer.pad_token_id or 0)


def pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Ragged rows as int64 [rows, longest], filled up on the right with `value`."""
    longest = max(1, *map(len, rows))  # without special tokens a text may have none
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def by_length(lengths: Sequence[int]) -> list[list[int]]:
    """Batches of all rows from short to long, for evaluation."""
    return chunks(sorted(range(len(lengths)), key=lengths.__getitem__), _EVALUATION_BATCH)


@torch.inference_mode()
def predict(
    model: nn.Module,
    encoded: Encoded,
    answer: Callable[[dict[str, Tensor]], Tensor],
    label: str | None = None,
) -> list[Tensor]:
    """The answer of each text, in order.

    Args:
        model: that answers.
        encoded: the texts.
        answer: gives the answers of a batch, [rows, ...].
        label: a few words for a progress bar, where the texts take long.
    """
    model.eval()
    answers: list[Tensor] = [torch.empty(0)] * len(encoded.lengths)
    batches = by_length(encoded.lengths)
    for rows in track(batches, label) if label else batches:
        for row, value in zip(rows, answer(encoded.batch(rows)).cpu(), strict=True):
            answers[row] = value
    return answers
