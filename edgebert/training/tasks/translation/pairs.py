"""Pairs of a source and its target: what is learned of them, and how well dev is translated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from edgebert.checkpoint.translation.decoding import write_targets
from edgebert.checkpoint.translation.model import TranslationModel
from edgebert.checkpoint.translation.target_tokenizer import BEGIN_ID, END_ID, PAD_ID
from edgebert.data import Examples
from edgebert.measures.bleu import METRICS, sacrebleu, translation_scores
from edgebert.progress import track
from edgebert.records.trained import LOSS
from edgebert.training.loop.device import training_device
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.tasks.encoding import Encoded, by_length, encode, pad

_PROGRESS = 5_000  # sources, from which on translating takes minutes


@dataclass(frozen=True)
class TranslatedPairs:
    """Sources and targets as token ids; a target with the tokens that begin and end it.

    Attributes:
        sources: as the encoder reads them.
        targets: for each its ids.
        texts: for each its target as the file has it.
        tokenizer: of the targets.
        smoothing: share of a target token's probability that is dealt out to all tokens.
    """

    sources: Encoded
    targets: list[list[int]]
    texts: tuple[str, ...]
    tokenizer: Tokenizer
    smoothing: float

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the scores.

        Raises:
            MissingExtra: what counts them is not installed; this is asked before training.
        """
        sacrebleu()
        return METRICS

    @property
    def lengths(self) -> list[int]:
        """Tokens of the longer side of each pair, which decides how much padding a step has."""
        return [
            max(len(target), length)
            for target, length in zip(self.targets, self.sources.lengths, strict=True)
        ]

    def losses(self, model: TranslationModel, step: Step) -> Iterator[Tensor]:
        """Of each part the sum over its tokens, by the tokens of the whole step.

        Steps have about as many tokens, whatever the length of their pairs.
        """
        told = sum(len(self.targets[row]) - 1 for row in step.everyone or step.rows)
        for rows in step.parts():
            yield self._loss(model, rows, self.smoothing) / told

    @torch.inference_mode()
    def scores(self, model: TranslationModel) -> Scores:
        """BLEU and chrF of greedy translations, in points, and the mean loss of a token."""
        model.eval()
        written = translate(model, self.sources, self.tokenizer)
        loss = sum(float(self._loss(model, rows, 0.0)) for rows in by_length(self.lengths))
        tokens = sum(len(target) - 1 for target in self.targets)
        return {**translation_scores(written, self.texts), LOSS: loss / tokens}

    def _loss(self, model: TranslationModel, rows: Sequence[int], smoothing: float) -> Tensor:
        """The cross-entropy of each next token of these targets, summed."""
        targets = pad([self.targets[row] for row in rows], PAD_ID).to(training_device())
        states = model(self.sources.batch(rows), targets[:, :-1])
        expected = targets[:, 1:]
        there = expected != PAD_ID
        logits = model.decoder.logits(states[there])
        return cross_entropy(
            logits.float(), expected[there], reduction="sum", label_smoothing=smoothing
        )


def encode_pairs(
    examples: Examples,
    *,
    tokenizer: PreTrainedTokenizerBase,
    target_tokenizer: Tokenizer,
    smoothing: float = 0.0,
) -> TranslatedPairs:
    """Encode sources and targets; of a longer one the beginning alone, which then has no end.

    Args:
        examples: of pairs.
        tokenizer: of the sources, with the longest length of both.
        target_tokenizer: of the targets.
        smoothing: see `TranslatedPairs`.

    Raises:
        InputError: no pairs, or one with an empty side.
    """
    sources, targets = examples.require_translations()
    read = target_tokenizer.encode_batch(list(targets))
    ids = [[BEGIN_ID, *one.ids, END_ID][: tokenizer.model_max_length] for one in read]
    return TranslatedPairs(encode(tokenizer, sources), ids, targets, target_tokenizer, smoothing)


def translate(
    model: TranslationModel,
    sources: Encoded,
    tokenizer: Tokenizer,
    *,
    beams: int = 1,
) -> list[str]:
    """The translation of each source, in order.

    Args:
        model: in evaluation mode.
        sources: as its encoder reads them.
        tokenizer: of the targets.
        beams: see `write_targets`.
    """
    written = [""] * len(sources.lengths)
    batches = by_length(sources.lengths)
    label = "translating" if len(sources.lengths) > _PROGRESS else None
    for rows in track(batches, label) if label else batches:
        found = write_targets(model, sources.batch(rows), beams=beams)
        for row, ids in zip(rows, found, strict=True):
            written[row] = tokenizer.decode(ids)
    return written
