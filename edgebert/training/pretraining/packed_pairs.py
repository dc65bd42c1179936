"""What BERT learns from pairs: the words that are hidden, and whether the second follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import BertForPreTraining, PreTrainedTokenizerBase

from edgebert.records.trained import LOSS
from edgebert.training.loop.device import training_device
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.loop.seeding import seeded
from edgebert.training.pretraining.packing import NO_QUESTION, Pairs
from edgebert.training.pretraining.token_store import Ints
from edgebert.training.tasks.encoding import by_length
from edgebert.training.tasks.masked_words import (
    EXAM_SEED,
    MASKED_ACCURACY,
    MASKED_SHARE,
    Tally,
    mask_tokens,
    usable_tokens,
)


@dataclass(frozen=True)
class PackedPairs:
    """Pairs of segments of a memory-mapped text.

    Attributes:
        tokens: of the whole text.
        pairs: where they are in it.
        tokenizer: of the text.
        whole_words: hide all pieces of a word or none. A word is a piece and those after it that
            begin with `##`; a Chinese character is a word.
    """

    tokens: Ints
    pairs: Pairs
    tokenizer: PreTrainedTokenizerBase
    whole_words: bool

    metrics = (MASKED_ACCURACY, "next_sentence_accuracy")

    @cached_property
    def lengths(self) -> list[int]:
        return [int(length) for length in self.pairs.lengths]

    def losses(self, model: BertForPreTraining, step: Step) -> Iterator[Tensor]:
        """Cross entropy of the masked tokens plus that of the next-sentence question."""
        return step.mean(lambda rows: self._loss(model, rows))

    def _loss(self, model: BertForPreTraining, rows: list[int]) -> Tensor:
        logits, expected, is_next = self._guesses(model, rows)
        masked_lm = cross_entropy(logits, expected, reduction="sum") / self._masked_per_pair
        return masked_lm + cross_entropy(is_next, self._not_next(rows), reduction="sum")

    @cached_property
    def _masked_per_pair(self) -> float:
        """How many tokens of a pair are masked, on average."""
        spans = self.pairs.spans
        tokens = (spans[:, 1] - spans[:, 0] + spans[:, 3] - spans[:, 2]).mean()
        return float(max(1.0, MASKED_SHARE * tokens))

    @torch.inference_mode()
    def scores(self, model: BertForPreTraining) -> Scores:
        """Shares guessed right of masked tokens and of what follows, in points; the perplexity.

        The perplexity is that of masked tokens, exp(mean cross entropy). Masks are the same in
        every run.
        """
        model.eval()
        tally = Tally()
        right = asked = 0
        questions = 0.0
        with seeded(EXAM_SEED):
            for rows in by_length(self.lengths):
                logits, expected, is_next = self._guesses(model, rows)
                tally.add(logits, expected)
                answers = self._not_next(rows)
                right += int((is_next.argmax(dim=-1) == answers).sum())
                asked += int((answers != NO_QUESTION).sum())
                questions += float(cross_entropy(is_next, answers, reduction="sum"))
        loss = tally.mean_loss + questions / max(1, asked)
        return {**tally.scores(), self.metrics[1]: 100 * right / max(1, asked), LOSS: loss}

    def _not_next(self, rows: Sequence[int]) -> Tensor:
        return torch.from_numpy(self.pairs.not_next[rows]).to(training_device())

    def _guesses(
        self, model: BertForPreTraining, rows: Sequence[int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Run these rows with masks; the vocabulary head only where there is something to guess.

        Returns:
            Logits [masked, vocabulary] and token ids [masked] of what was masked, and logits
            [rows, 2] of whether the second segment is from elsewhere; float32.
        """
        batch = self._batch(rows)
        vocabulary = usable_tokens(model, self.tokenizer)
        input_ids, masked = mask_tokens(
            batch["input_ids"], self.tokenizer, vocabulary, self._continues
        )
        output = model.bert(**{**batch, "input_ids": input_ids})
        logits = model.cls.predictions(output.last_hidden_state[masked])
        is_next = model.cls.seq_relationship(output.pooler_output)
        return logits.float(), batch["input_ids"][masked], is_next.float()

    def _batch(self, rows: Sequence[int]) -> dict[str, Tensor]:
        """These pairs as int64 [rows, longest], padded on the right."""
        begin, end = self.tokenizer.cls_token_id, [self.tokenizer.sep_token_id]
        shape = len(rows), max(self.lengths[row] for row in rows)
        ids = np.full(shape, self.tokenizer.pad_token_id, np.int64)
        types, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for place, row in enumerate(rows):
            first, middle, second, last = self.pairs.spans[row]
            a, b = self.tokens[first:middle], self.tokens[second:last]
            pair = np.concatenate([[begin], a, end, *([b, end] if len(b) else [])])
            ids[place, : len(pair)] = pair
            mask[place, : len(pair)] = 1
            types[place, len(a) + 2 : len(pair)] = 1
        named = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
        device = training_device()
        return {name: torch.from_numpy(values).to(device) for name, values in named.items()}

    @cached_property
    def _continues(self) -> Tensor | None:
        """Which pieces continue a word, bool [vocabulary], where words are hidden whole."""
        if not self.whole_words:
            return None
        pieces = self.tokenizer.convert_ids_to_tokens(range(len(self.tokenizer)))
        continues = [piece.startswith("##") for piece in pieces]
        return torch.tensor(continues, device=training_device())
