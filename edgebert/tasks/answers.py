"""What a head answers, as frozen records, and how it is read from logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgebert.arrays import Array
from edgebert.logits import probabilities
from edgebert.tasks.next_tokens import NextTokens
from edgebert.tasks.translations import Translated


@dataclass(frozen=True)
class Entity:
    """A named entity: characters `start` to `end` (exclusive, in code points) of the text."""

    text: str
    label: str
    score: float
    start: int
    end: int


@dataclass(frozen=True)
class Classification:
    """The answer of a text classifier.

    Attributes:
        label, score: the most likely label and its probability; of a reranker its one label and
            the text's score.
        scores: probability of every label; they sum to 1 unless the task is multi-label, or has
            a single label.
        labels: for a multi-label task those with a probability of at least 0.5, else None.
    """

    label: str
    score: float
    scores: dict[str, float]
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Answers:
    """What a model says about some texts, as two models are compared by it.

    Attributes:
        outputs: float32 [dim], [labels] or [tokens, labels] of each text; None where only
            entities or answers are known.
        entities: of each text, for token classification.
        answers: to each (question, context), for question answering; of a translator what it wrote.
        translated: the same with its tokens.
        next_tokens: what it would write at each place of given targets.
    """

    outputs: tuple[Array, ...] | None
    entities: tuple[tuple[Entity, ...], ...] | None = None
    answers: tuple[str, ...] | None = None
    translated: tuple[Translated, ...] | None = None
    next_tokens: tuple[NextTokens, ...] | None = None


def read_classification(
    logits: Array, labels: Sequence[str], *, scoring: str, multi_label: bool
) -> Classification:
    """Turn the logits of one text, float32 [labels], into its classification."""
    scores = probabilities(logits, scoring)
    return _classified(scores, int(np.argmax(logits)), labels, multi_label=multi_label)


def mean_classification(
    rows: Sequence[Array],
    weights: Array,
    labels: Sequence[str],
    *,
    scoring: str,
    multi_label: bool,
) -> Classification:
    """The classification of a text by the weighted mean of its parts' scores.

    The mean is of scores, not of logits: no part can outvote the others by being very sure.

    Args:
        rows: logits of each part, float32 [labels].
        weights: of the parts, float32 [parts].
        labels: in the order of the logits.
        scoring: as for `probabilities`.
        multi_label: whether several labels may hold.
    """
    if len(rows) == 1:
        return read_classification(rows[0], labels, scoring=scoring, multi_label=multi_label)
    shares = weights / max(float(weights.sum()), 1.0)
    scores = np.asarray(shares @ probabilities(np.stack(rows), scoring), np.float32)
    return _classified(scores, int(scores.argmax()), labels, multi_label=multi_label)


def _classified(
    scores: Array, best: int, labels: Sequence[str], *, multi_label: bool
) -> Classification:
    numbers = [float(score) for score in scores]
    likely = tuple(name for name, p in zip(labels, numbers, strict=True) if p >= 0.5)
    return Classification(
        label=labels[best],
        score=numbers[best],
        scores=dict(zip(labels, numbers, strict=True)),
        labels=likely if multi_label else None,
    )
