"""Scores of logits."""

from __future__ import annotations

import numpy as np

from edgebert.arrays import Array
from edgebert.bounds import unknown_choice
from edgebert.records.manifest import IDENTITY, SCORINGS, SIGMOID, SOFTMAX


def probabilities(logits: Array, scoring: str = SOFTMAX) -> Array:
    """Scores of logits: a softmax over the last axis, a sigmoid of each, or the logits themselves.

    Args:
        logits: float32 [..., labels].
        scoring: softmax, sigmoid or identity.

    Raises:
        InputError: scores are made in no such way.
    """
    if scoring == IDENTITY:
        return np.asarray(logits, np.float32)
    if scoring == SIGMOID:
        return np.asarray(np.exp(-np.logaddexp(0, -logits)), np.float32)
    if scoring == SOFTMAX:
        exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(exponents / exponents.sum(axis=-1, keepdims=True), np.float32)
    raise unknown_choice("scoring", scoring, SCORINGS)
