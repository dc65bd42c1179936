"""Text classification: single texts and pairs, with one label each or several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from edgebert.data import Examples, Text
from edgebert.errors import InputError
from edgebert.measures.mistakes import label_mistakes
from edgebert.measures.statistics import accuracy
from edgebert.records.trained import Mistakes
from edgebert.training.loop.objective import LOSS, Scores, Step
from edgebert.training.tasks.encoding import Encoded, encode, predict


@dataclass(frozen=True)
class LabelledTexts:
    """Texts and their labels.

    Attributes:
        targets: int64 [texts], or 0 and 1 as float32 [texts, labels] for multi-label.
    """

    encoded: Encoded
    targets: Tensor

    metrics = ("accuracy",)

    @property
    def lengths(self) -> list[int]:
        return self.encoded.lengths

    def losses(self, model: PreTrainedModel, step: Step) -> Iterator[Tensor]:
        def total(rows: list[int]) -> Tensor:
            return self.logits_loss(model(**self.encoded.batch(rows)).logits, rows)

        return step.mean(total)

    def logits_loss(self, logits: Tensor, rows: Sequence[int]) -> Tensor:
        """Cross entropy of float32 [rows, labels] against the targets of these rows, summed."""
        targets = self.targets[rows].to(logits.device)
        if targets.ndim == 1:
            return cross_entropy(logits, targets, reduction="sum")
        loss = binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return loss.mean(dim=-1).sum()

    def scores(self, model: PreTrainedModel) -> Scores:
        """Share of texts whose label, or whole set of labels, is right."""
        logits = _logits(model, self.encoded)
        found = _labels_of(logits, self.targets.ndim == 2)
        loss = self.logits_loss(logits, range(len(logits))) / len(logits)
        return {"accuracy": 100 * accuracy(self.targets.numpy(), found.numpy()), LOSS: loss.item()}

    def explain(self, model: PreTrainedModel) -> Mistakes:
        found = _labels_of(_logits(model, self.encoded), self.targets.ndim == 2)
        labels = list(model.config.id2label.values())
        return label_mistakes(self.targets.numpy(), found.numpy(), labels)


def label_names(examples: Examples, *, multi_label: bool) -> tuple[str, ...]:
    """All labels of a file, sorted (numbers by value).

    Raises:
        InputError: no labels, or only one.
    """
    rows = examples.require_label_sets() if multi_label else examples.require_labels()
    names = {name for row in rows for name in row}
    if not names:
        raise InputError(f"{examples.path}: no row has a label")
    if len(names) < 2:
        raise InputError(f"{examples.path}: every row has the label {names.pop()!r}")
    return tuple(sorted(names, key=lambda name: (int(name) if name.isdecimal() else -1, name)))


def encode_labelled(
    examples: Examples,
    *,
    tokenizer: PreTrainedTokenizerBase,
    labels: tuple[str, ...],
    multi_label: bool,
) -> LabelledTexts:
    """Encode texts and labels for a model with these labels.

    Raises:
        InputError: a label that is not among `labels`, or several where one is expected.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    rows = examples.require_label_sets(labels) if multi_label else examples.require_labels()
    for row, names in enumerate(rows):
        for name in names:
            if name not in numbers:
                raise InputError(f"{examples.where(row)}: the model has no label {name!r}")
    if multi_label:
        targets = torch.zeros(len(rows), len(labels))
        for row, names in enumerate(rows):
            targets[row, [numbers[name] for name in names]] = 1
    else:
        for row, names in enumerate(rows):
            if len(names) != 1:
                raise InputError(
                    f"{examples.where(row)}: {len(names)} labels, but the model gives one to a text"
                )
        targets = torch.tensor([numbers[name] for (name,) in rows])
    return LabelledTexts(encode(tokenizer, examples.texts), targets)


def label_texts(
    texts: Sequence[Text],
    *,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    multi_label: bool,
) -> LabelledTexts:
    """Texts with the labels that `model` gives them."""
    encoded = encode(tokenizer, texts)
    return LabelledTexts(encoded, _labels_of(_logits(model, encoded), multi_label))


def _logits(model: PreTrainedModel, encoded: Encoded) -> Tensor:
    return torch.stack(predict(model, encoded, lambda batch: model(**batch).logits))


def _labels_of(logits: Tensor, multi_label: bool) -> Tensor:
    """The likeliest label, or for multi-label every one that is likelier than not."""
    return (logits > 0).float() if multi_label else logits.argmax(dim=-1)
