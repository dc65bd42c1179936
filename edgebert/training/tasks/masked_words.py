"""Masked-language modelling: the words of texts, learned by guessing those that are hidden.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding", with masks drawn anew for every step, as in RoBERTa (Liu et al. 2019). Gururangan et
al. 2020, "Don't Stop Pretraining: Adapt Language Models to Domains and Tasks".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples
from edgebert.errors import InputError
from edgebert.records.trained import LOSS
from edgebert.training.loop.batches import chunks
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.loop.seeding import seeded
from edgebert.training.tasks.encoding import Encoded, by_length

MASKED_LM = "masked-language-model"
MASKED_SHARE = 0.15
MASKED_ACCURACY = "masked_lm_accuracy"

EXAM_SEED = 42  # of masks that are the same in every run, so that runs compare
_LOGITS_BYTES = 256_000_000


@dataclass
class Tally:
    """How well hidden words were guessed, added up."""

    masked: int = 0
    right: int = 0
    loss: float = 0.0

    def add(self, logits: Tensor, expected: Tensor) -> None:
        """Count some guesses: logits [masked, vocabulary], and the token ids [masked] hidden."""
        self.masked += len(expected)
        self.right += int((logits.argmax(dim=-1) == expected).sum())
        self.loss += float(cross_entropy(logits, expected, reduction="sum"))

    @property
    def mean_loss(self) -> float:
        return self.loss / max(1, self.masked)

    def scores(self) -> Scores:
        """The share guessed right, in points, and the perplexity of the hidden words."""
        return {
            MASKED_ACCURACY: 100 * self.right / max(1, self.masked),
            "perplexity": math.exp(min(self.mean_loss, 700)),
        }


@dataclass(frozen=True)
class MaskedTexts:
    """Texts whose words are to be guessed; a long one in parts that follow each other.

    A text is not joined with others to fill the model: it is read as it will be in use.
    """

    encoded: Encoded
    tokenizer: PreTrainedTokenizerBase

    metrics = (MASKED_ACCURACY,)

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    @cached_property
    def _masked_per_text(self) -> float:
        """How many tokens of a text are masked, on average."""
        special = int(self.tokenizer.num_special_tokens_to_add(False))
        tokens = sum(length - special for length in self.lengths) / len(self.lengths)
        return MASKED_SHARE * tokens

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        def total(rows: list[int]) -> Tensor:
            return cross_entropy(*self._guesses(model, rows), reduction="sum")

        return step.mean(total, self._masked_per_text)

    @torch.inference_mode()
    def scores(self, model: PreTrainedModel) -> Scores:
        """Share of masked tokens guessed right, in points, and the perplexity; fixed masks."""
        model.eval()
        tally = Tally()
        with seeded(EXAM_SEED):
            for rows in self._batches(model):
                tally.add(*self._guesses(model, rows))
        return {**tally.scores(), LOSS: tally.mean_loss}

    def _batches(self, model: PreTrainedModel) -> Iterator[list[int]]:
        """All rows, so many at a time that their logits over the vocabulary fit into memory."""
        row_bytes = 4 * usable_tokens(model, self.tokenizer) * MASKED_SHARE * max(self.lengths)
        for rows in by_length(self.lengths):
            yield from chunks(rows, max(1, int(_LOGITS_BYTES / row_bytes)))

    def _guesses(self, model: PreTrainedModel, rows: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Logits, float32 [masked, vocabulary], and token ids [masked] of what was masked."""
        batch = self.encoded.batch(rows)
        vocabulary = usable_tokens(model, self.tokenizer)
        changed, masked = mask_tokens(batch["input_ids"], self.tokenizer, vocabulary)
        with _head_sees(model, masked):
            logits = model(**{**batch, "input_ids": changed}).logits
        return logits[0].float(), batch["input_ids"][masked]


def mask_tokens(
    input_ids: Tensor,
    tokenizer: PreTrainedTokenizerBase,
    vocabulary: int,
    continues: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Choose 15 % of the tokens; 80 % of them become the mask, 10 % any token, 10 % stay.

    Args:
        input_ids: int64 [rows, sequence].
        tokenizer: says which tokens are special; those are never chosen.
        vocabulary: any token is one of so many.
        continues: bool [vocabulary], which tokens continue a word; words are then chosen whole.

    Returns:
        The changed ids, and which were chosen (bool), both [rows, sequence].
    """
    special = torch.tensor(tokenizer.all_special_ids, device=input_ids.device)
    drawn = torch.rand(input_ids.shape, device=input_ids.device)
    if continues is not None:
        word = (~continues[input_ids]).cumsum(dim=1) - 1
        drawn = drawn.gather(1, word.clamp(min=0))
    chosen = drawn < MASKED_SHARE
    chosen &= ~torch.isin(input_ids, special)
    fate = torch.rand(input_ids.shape, device=input_ids.device)
    any_token = torch.randint_like(input_ids, vocabulary)
    changed = torch.where(chosen & (fate < 0.8), tokenizer.mask_token_id, input_ids)
    return torch.where(chosen & (fate >= 0.8) & (fate < 0.9), any_token, changed), chosen


def encode_texts(examples: Examples, *, tokenizer: PreTrainedTokenizerBase) -> MaskedTexts:
    """Encode each text of a file once (of a pair, each side), in parts where it is long.

    Raises:
        InputError: no text has a word.
    """
    texts = list(dict.fromkeys(examples.single_texts()))
    read = tokenizer(
        texts,
        truncation=True,
        return_overflowing_tokens=True,
        return_attention_mask=False,
    )
    read.pop("overflow_to_sample_mapping")
    special = tokenizer.num_special_tokens_to_add(False)
    full = [row for row, ids in enumerate(read["input_ids"]) if len(ids) > special]
    if not full:
        raise InputError(f"{examples.path}: no text has a word")
    columns = {name: [read[name][row] for row in full] for name in read}
    return MaskedTexts(Encoded(columns, tokenizer.pad_token_id), tokenizer)


def usable_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """How many tokens have both a name and an embedding."""
    rows: Any = model.get_input_embeddings().weight
    return min(len(tokenizer), int(rows.shape[0]))


@contextmanager
def _head_sees(model: PreTrainedModel, chosen: Tensor) -> Iterator[None]:
    """Give the model's head the chosen tokens alone, as one row: logits of all fill the memory.

    Every family's masked-language model is an encoder and a head that works token by token.
    """

    def choose(encoder: Any, inputs: Any, output: Any) -> Any:
        output.last_hidden_state = output.last_hidden_state[chosen][None]
        return output

    hook = model.base_model.register_forward_hook(choose)
    try:
        yield
    finally:
        hook.remove()
