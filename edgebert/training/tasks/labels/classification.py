"""Text classification: single texts and pairs, with one label each or any number of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from edgebert.data import Examples, Text
from edgebert.errors import InputError
from edgebert.measures.statistics import accuracy, macro_f1, matthews, micro_f1
from edgebert.tasks.classification import MULTI_LABEL, SINGLE_LABEL
from edgebert.training.tasks.labels.heads import OneLabel, YesOrNo
from edgebert.training.tasks.labels.texts import Metric

_TOLD = 3
"""Labels that a message names."""


@dataclass(frozen=True)
class SingleLabel:
    """One label to a text; targets are their numbers, int64 [texts]."""

    labels: tuple[str, ...]
    head: OneLabel = field(default_factory=OneLabel)

    problem_type = SINGLE_LABEL
    scoring = None
    targets = "labels"

    def gold(self, examples: Examples) -> Tensor:
        """The label of each text.

        Raises:
            InputError: one that is not among `labels`, or another number than one.
        """
        rows = examples.require_labels()
        numbers = _numbers_of(examples, rows, self.labels)
        for row, names in enumerate(rows):
            if len(names) != 1:
                raise InputError(
                    f"{examples.where(row)}: {len(names)} labels, but the model gives one to a text"
                )
        return torch.tensor([number for (number,) in numbers])

    def answers(self, logits: Tensor) -> Tensor:
        return logits.argmax(dim=-1)

    def metrics(self, texts: Sequence[Text], targets: Tensor) -> dict[str, Metric]:
        """Share of right labels, mean F1 of the labels, and Matthews' correlation."""
        gold = targets.numpy()

        def found(logits: Tensor) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
            return self.answers(logits).numpy()

        return {
            "accuracy": lambda logits: 100 * accuracy(gold, found(logits)),
            "macro_f1": lambda logits: 100 * macro_f1(gold, found(logits)),
            "mcc": lambda logits: 100 * matthews(gold, found(logits)),
        }


@dataclass(frozen=True)
class MultiLabel:
    """Any number of labels to a text, also none; targets are 0 and 1, float32 [texts, labels]."""

    labels: tuple[str, ...]
    head: YesOrNo = field(default_factory=YesOrNo)

    problem_type = MULTI_LABEL
    scoring = None
    targets = "labels"

    def gold(self, examples: Examples) -> Tensor:
        """The labels of each text.

        Raises:
            InputError: one that is not among `labels`.
        """
        rows = examples.require_label_sets(self.labels)
        targets = torch.zeros(len(rows), len(self.labels))
        for row, numbers in enumerate(_numbers_of(examples, rows, self.labels)):
            targets[row, numbers] = 1
        return targets

    def answers(self, logits: Tensor) -> Tensor:
        """Every label that is likelier than not."""
        return (logits > 0).float()

    def metrics(self, texts: Sequence[Text], targets: Tensor) -> dict[str, Metric]:
        """Share of texts whose whole set of labels is right, F1 of all, and mean F1 of the labels."""
        gold = targets.numpy().astype(np.int64)

        def found(logits: Tensor) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
            return self.answers(logits).numpy().astype(np.int64)

        def hits(logits: Tensor) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
            given = found(logits)
            return np.stack([(gold & given).sum(1), gold.sum(1), given.sum(1)], axis=1)

        return {
            "accuracy": lambda logits: 100 * accuracy(gold, found(logits)),
            "micro_f1": lambda logits: 100 * micro_f1(hits(logits)),
            "macro_f1": lambda logits: 100 * macro_f1(gold, found(logits)),
        }


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


def _numbers_of(
    examples: Examples, rows: Sequence[tuple[str, ...]], labels: tuple[str, ...]
) -> list[list[int]]:
    """The numbers of each row's labels.

    Raises:
        InputError: labels that the model does not have: the first line, and how many rows.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    unseen = [row for row, names in enumerate(rows) if not numbers.keys() >= set(names)]
    if unseen:
        counts = Counter(name for row in unseen for name in rows[row] if name not in numbers)
        raise unseen_labels(examples, unseen, counts, "label")
    return [[numbers[name] for name in names] for names in rows]


def unseen_labels(
    examples: Examples, rows: Sequence[int], counts: Counter[str], what: str
) -> InputError:
    """Say which labels of which rows the model does not have, and what can be done."""
    first, *others = map(repr, counts)
    named = f" (nor {', '.join(others[:_TOLD])}{', ...' * (len(others) > _TOLD)})" if others else ""
    count = "1 row has" if len(rows) == 1 else f"{len(rows)} rows have"
    return InputError(
        f"{examples.where(rows[0])}: the model has no {what} {first}{named}, which {count}: train "
        "on examples of it, or leave such rows out"
    )
