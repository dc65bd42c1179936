"""What the logits of a head mean, and so how they are learned: from labels, and from a teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    kl_div,
    log_softmax,
    mse_loss,
)


class Head(Protocol):
    """How answers are learned. All losses are float32 sums over the answers."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Against what is right.

        Args:
            logits: [answers, labels].
            targets: of each answer, on the same device.
        """
        ...

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        """Of a student's logits against its teacher's, both [answers, labels].

        Probabilities are softened by `temperature`; scores have none.
        """
        ...


@dataclass(frozen=True)
class OneLabel:
    """A choice of one label among several; targets are their numbers, int64 [answers].

    Attributes:
        smoothing: share of each target that is dealt out evenly to all labels (Szegedy et al. 2016).
        weights: of each label in the loss; by default alike.
    """

    smoothing: float = 0.0
    weights: tuple[float, ...] | None = None

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy."""
        weight = None if self.weights is None else torch.tensor(self.weights, device=logits.device)
        return cross_entropy(
            logits.float(),
            targets,
            weight=weight,
            label_smoothing=self.smoothing,
            reduction="sum",
        )

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        """Divergence from the teacher's probabilities."""
        return divergence(learnt, taught, temperature)


@dataclass(frozen=True)
class YesOrNo:
    """For each label whether it holds, or how likely; targets are from 0 to 1, [answers, labels].

    Attributes:
        smoothing: share of each target that is dealt out evenly to yes and no.
        weights: of each label's no and yes in the loss; by default alike.
    """

    smoothing: float = 0.0
    weights: tuple[tuple[float, float], ...] | None = None

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Binary cross entropy, the mean of the labels."""
        weight, of_yes = None, None
        if self.weights is not None:
            weight, yes = torch.tensor(self.weights, device=logits.device).unbind(dim=1)
            of_yes = yes / weight
        smoothed = targets.float() * (1 - self.smoothing) + self.smoothing / 2
        losses = binary_cross_entropy_with_logits(
            logits.float(), smoothed, weight=weight, pos_weight=of_yes, reduction="none"
        )
        return losses.mean(dim=-1).sum()

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        """Binary cross entropy of the teacher's probabilities at a temperature."""
        losses = binary_cross_entropy_with_logits(
            learnt.float() / temperature,
            (taught.float() / temperature).sigmoid(),
            reduction="none",
        )
        return losses.mean(dim=-1).sum() * temperature**2


@dataclass(frozen=True)
class OneScore:
    """A number; targets are float32 [answers, 1]."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Squared error."""
        return mse_loss(logits.float(), targets.float(), reduction="sum")

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        return _squared_error(learnt, taught)


@dataclass(frozen=True)
class Probability(YesOrNo):
    """How likely the one label is, as rerankers are trained; targets are from 0 to 1, [answers, 1]."""

    def imitation(self, learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
        return _squared_error(learnt, taught)


def divergence(learnt: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence from the teacher's probabilities, summed over all rows.

    Times the square of the temperature, so that its gradient keeps its size (Hinton et al. 2015,
    "Distilling the Knowledge in a Neural Network").

    Args:
        learnt, taught: logits [..., choices].
        temperature: by which they are divided.
    """
    divergences = kl_div(
        log_softmax(learnt.float() / temperature, dim=-1),
        log_softmax(taught.float() / temperature, dim=-1),
        reduction="sum",
        log_target=True,
    )
    return divergences * temperature**2


def _squared_error(learnt: Tensor, taught: Tensor) -> Tensor:
    """Squared error of the logits, which keeps the order of scores that are all near 0 or near 1.

    Ba & Caruana 2014, "Do Deep Nets Really Need to be Deep?"; for rerankers Hofstätter et al. 2020,
    "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge Distillation".
    """
    return mse_loss(learnt.float(), taught.float(), reduction="sum")


def balanced_labels(targets: Tensor, labels: int) -> tuple[float, ...]:
    """Weights by which every label that occurs counts alike; of all targets their mean is 1.

    King & Zeng 2001, "Logistic Regression in Rare Events Data", as scikit-learn's "balanced" has it.

    Args:
        targets: int64 [answers].
        labels: how many there are.
    """
    counts = torch.bincount(targets, minlength=labels)
    found = int((counts > 0).sum())
    return tuple((len(targets) / (found * counts.clamp(min=1))).tolist())


def balanced_answers(targets: Tensor) -> tuple[tuple[float, float], ...]:
    """For each label the weights of no and yes by which both count alike, as `balanced_labels`.

    Args:
        targets: from 0 to 1, [answers, labels].
    """
    count = len(targets)
    shares = (_half_each(count, float(yes)) for yes in targets.double().sum(dim=0))
    return tuple(shares)


def _half_each(count: int, yes: float) -> tuple[float, float]:
    if not 0 < yes < count:
        return 1.0, 1.0
    return count / (2 * (count - yes)), count / (2 * yes)
