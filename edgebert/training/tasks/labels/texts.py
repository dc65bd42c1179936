"""Texts and pairs that have one answer each: labels or a score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples, Text
from edgebert.errors import InputError
from edgebert.measures.mistakes import label_mistakes
from edgebert.records.trained import LOSS, Mistakes
from edgebert.tasks.classification import MULTI_LABEL, SINGLE_LABEL
from edgebert.training.loop.objective import Scores, Step
from edgebert.training.tasks.encoding import Encoded, encode, predict
from edgebert.training.tasks.labels.heads import Head

Metric = Callable[[Tensor], float]
"""Points from 0 to 100 (correlations from -100) of the logits of all texts, [texts, labels]."""


class TextKind(Protocol):
    """A kind of text classification.

    Attributes:
        labels: names of the logits.
        problem_type: what config.json says.
        scoring: how a score is made of a single logit; None where there are several.
        targets: the field of `Examples` that holds what is to be learned.
        head: how it is learned.
    """

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def problem_type(self) -> str | None: ...
    @property
    def scoring(self) -> str | None: ...
    @property
    def targets(self) -> str: ...
    @property
    def head(self) -> Head: ...

    def gold(self, examples: Examples) -> Tensor:
        """What the file says of each text, as targets of the head.

        Raises:
            InputError: it says nothing, something else, or the same of all.
        """
        ...

    def answers(self, logits: Tensor) -> Tensor:
        """What a teacher's logits [texts, labels] say of each text, as targets of the head."""
        ...

    def metrics(self, texts: Sequence[Text], targets: Tensor) -> dict[str, Metric]:
        """How good logits for these texts are; the usual metric first."""
        ...


@dataclass(frozen=True)
class AnsweredTexts:
    """Texts, and the right answer to each.

    Attributes:
        targets: [texts], or [texts, labels], as the head of `kind` has it.
    """

    texts: Sequence[Text]
    encoded: Encoded
    targets: Tensor
    kind: TextKind

    @cached_property
    def _measured(self) -> dict[str, Metric]:
        return self.kind.metrics(self.texts, self.targets)

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(self._measured)

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        def total(rows: list[int]) -> Tensor:
            return self.logits_loss(model(**self.encoded.batch(rows)).logits, rows)

        return step.mean(total)

    def logits_loss(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """The loss of [rows, labels] against the targets of these rows, summed."""
        return self.kind.head.loss(logits, self.targets[rows].to(logits.device))

    def scores(self, model: PreTrainedModel) -> Scores:
        logits = _logits(model, self.encoded)
        loss = self.logits_loss(logits, range(len(logits))) / len(logits)
        found = {name: metric(logits) for name, metric in self._measured.items()}
        return {**found, LOSS: loss.item()}

    def explain(self, model: PreTrainedModel) -> Mistakes | None:
        if self.kind.problem_type not in (SINGLE_LABEL, MULTI_LABEL):
            return None
        found = self.kind.answers(_logits(model, self.encoded))
        return label_mistakes(self.targets.numpy(), found.numpy(), self.kind.labels)


def encode_answered(
    examples: Examples, *, tokenizer: PreTrainedTokenizerBase, kind: TextKind
) -> AnsweredTexts:
    """Encode texts and what the file says of them.

    Raises:
        InputError: it does not say what `kind` needs.
    """
    targets = kind.gold(examples)
    return AnsweredTexts(examples.texts, encode(tokenizer, examples.texts), targets, kind)


def answer_texts(
    texts: Sequence[Text],
    taught: Sequence[Tensor],
    *,
    tokenizer: PreTrainedTokenizerBase,
    kind: TextKind,
) -> AnsweredTexts:
    """Texts with the answers that a teacher's logits are, [labels] of each.

    Raises:
        InputError: all are alike, and a student that always says the same would agree with it.
    """
    targets = kind.answers(torch.stack(list(taught)))
    if torch.allclose(targets, targets[:1].expand_as(targets), rtol=1e-6, atol=0):
        raise InputError(
            f"the teacher answers all {len(texts)} texts of --dev alike, so nothing tells a good "
            "student: give texts that it tells apart, or leave --dev out"
        )
    return AnsweredTexts(texts, encode(tokenizer, texts), targets, kind)


def _logits(model: PreTrainedModel, encoded: Encoded) -> Tensor:
    return torch.stack(predict(model, encoded, lambda batch: model(**batch).logits))
