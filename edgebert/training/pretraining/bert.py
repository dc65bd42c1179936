"""Pretrains a BERT on plain text: masked language model and next sentence prediction.

Devlin et al. 2019, "BERT: Pre-training of Deep Bidirectional Transformers for Language
Understanding". Masks are drawn anew for every batch, as in RoBERTa (Liu et al. 2019).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import BertConfig, BertForPreTraining, BertTokenizer

from edgebert.errors import InputError
from edgebert.records.trained import TrainingRecord
from edgebert.training.loop.device import training_device
from edgebert.training.loop.fit import fit
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.loop.seeding import seeded
from edgebert.training.models import save_model
from edgebert.training.options import PretrainOptions
from edgebert.training.pretraining.corpus import hold_out, read_corpus, sentence_pairs
from edgebert.training.pretraining.vocabulary import learn_tokenizer
from edgebert.training.results import Run
from edgebert.training.tasks.encoding import Encoded, by_length, encode
from edgebert.training.tasks.masked_words import MASKED_LM, MASKED_SHARE, mask_tokens
from edgebert.training.watching import watched


def pretrain(
    corpora: Sequence[Path],
    output: Path,
    *,
    options: PretrainOptions,
    resume: bool = False,
    tensorboard: Path | None = None,
    force: bool = False,
) -> TrainingRecord:
    """Learn a vocabulary and train a BERT on text files.

    The metric is the share of masked tokens of held-out documents that are guessed right.

    Args:
        corpora: text files.
        output: the checkpoint to write.
        options: its size, how long and how fast.
        resume: go on with a run that was stopped; `output`.unfinished holds it.
        tensorboard: where TensorBoard finds the curves while they grow, under the output's name.
        force: replace an output that exists.

    Raises:
        InputError: too little text, or a width that is no multiple of 32.
        MissingExtra: `tensorboard` is asked for and not installed.
        OutputError: `output` exists, or cannot be written.
        KeyboardInterrupt: a signal came; what was done is kept.
    """
    run = Run("pretrain", MASKED_LM, {"corpora": tuple(corpora)}, output, options)
    with (
        run.folder(resume=resume, force=force) as folder,
        watched(tensorboard, output) as watch,
        seeded(options.seed),
    ):
        documents = read_corpus(corpora)
        sentences = (sentence for document in documents for sentence in document)
        tokenizer = learn_tokenizer(sentences, options.vocab_size, options.max_length)
        model = BertForPreTraining(_config(options, tokenizer)).to(training_device())
        generator = random.Random(options.seed)
        train, held_out = (
            _SentencePairs.encode(*sentence_pairs(part, generator), tokenizer, options.seed)
            for part in hold_out(documents, generator)
        )
        unfinished = run.unfinished(lambda folder: save_model(model, tokenizer, folder))
        fitted = fit(
            model,
            train,
            options,
            exam=held_out,
            label="pretraining",
            unfinished=unfinished,
            watch=watch,
        )
        save_model(model, tokenizer, folder)
        return run.finish(folder, model, len(train.not_next), fitted)


@dataclass(frozen=True)
class _SentencePairs:
    """Pairs of sentences; `not_next` is int64 [pairs], 1 where the second is from elsewhere."""

    encoded: Encoded
    not_next: Tensor
    tokenizer: BertTokenizer
    seed: int

    metrics = ("masked_lm_accuracy",)

    @classmethod
    def encode(
        cls,
        pairs: Sequence[tuple[str, str]],
        not_next: Sequence[int],
        tokenizer: BertTokenizer,
        seed: int,
    ) -> _SentencePairs:
        return cls(encode(tokenizer, pairs), torch.tensor(not_next), tokenizer, seed)

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    def losses(self, model: BertForPreTraining, step: Step) -> Iterator[Tensor]:
        """Cross entropy of the masked tokens plus that of the next-sentence question."""
        return step.mean(lambda rows: self._loss(model, rows))

    def _loss(self, model: BertForPreTraining, rows: list[int]) -> Tensor:
        logits, expected, pooled = self._masked_forward(model, rows)
        masked_lm = cross_entropy(logits, expected, reduction="sum") / self._masked_per_pair
        is_next = model.cls.seq_relationship(pooled)
        not_next = self.not_next[rows].to(pooled.device)
        return masked_lm + cross_entropy(is_next, not_next, reduction="sum")

    @cached_property
    def _masked_per_pair(self) -> float:
        """How many tokens of a pair are masked, on average."""
        special = self.tokenizer.num_special_tokens_to_add(True)
        tokens = sum(length - special for length in self.lengths) / len(self.lengths)
        return float(max(1.0, MASKED_SHARE * tokens))

    @torch.inference_mode()
    def scores(self, model: BertForPreTraining) -> Scores:
        """Share of masked tokens guessed right, in points; the same masks every time."""
        model.eval()
        right = masked = 0
        with seeded(self.seed):
            for rows in by_length(self.encoded.lengths):
                logits, expected, _ = self._masked_forward(model, rows)
                right += int((logits.argmax(dim=-1) == expected).sum())
                masked += len(expected)
        return {"masked_lm_accuracy": 100 * right / max(1, masked)}

    def _masked_forward(
        self, model: BertForPreTraining, rows: list[int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run these rows with masks; the vocabulary head only where there is something to guess.

        Returns:
            Logits [masked, vocabulary] and token ids [masked] of what was masked, and the pooled
            output [rows, hidden].
        """
        batch = self.encoded.batch(rows)
        input_ids, masked = mask_tokens(batch["input_ids"], self.tokenizer, len(self.tokenizer))
        output = model.bert(**{**batch, "input_ids": input_ids})
        logits = model.cls.predictions(output.last_hidden_state[masked])
        return logits, batch["input_ids"][masked], output.pooler_output


def _config(options: PretrainOptions, tokenizer: BertTokenizer) -> BertConfig:
    """Heads are 64 wide as in BERT, or 32 wide in a model narrower than four of those."""
    head = 64 if options.hidden >= 256 and options.hidden % 64 == 0 else 32
    if options.hidden % head:
        raise InputError(f"a hidden size of {options.hidden} is no multiple of 32")
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=options.hidden,
        num_hidden_layers=options.layers,
        num_attention_heads=options.hidden // head,
        intermediate_size=4 * options.hidden,
        max_position_embeddings=options.max_length,
        pad_token_id=tokenizer.pad_token_id,
        # A small model on little compute learns more without (Geiping & Goldstein 2022).
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
