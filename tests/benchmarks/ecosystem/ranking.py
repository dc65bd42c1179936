"""What a search should find: brute force over the model's own vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgebert.arrays import Array
from edgebert.runtimes import Model
from edgebert.text.prompts import document_prompt, query_prompt


@dataclass(frozen=True)
class Ask:
    """Documents, queries, and how many documents each query is to find."""

    documents: Sequence[str]
    queries: Sequence[str]
    k: int


def similarities(model: Model, ask: Ask) -> Array:
    """Cosine of each query to each document, float32 [queries, documents]."""
    documents = model.embed(ask.documents, prompt=document_prompt(model.manifest))
    queries = model.embed(ask.queries, prompt=query_prompt(model.manifest))
    return np.asarray(_unit(queries) @ _unit(documents).T, np.float32)


def off_by(scores: Array, found: Sequence[Sequence[int]], k: int) -> float:
    """The most that a document differs in score from the one that should stand at its place.

    So documents that tie may change places; a missing or a wrong one may not.

    Args:
        scores: float32 [queries, documents].
        found: for each query the places of the documents that were found, nearest first.
        k: how many each query should have found.

    Returns:
        The largest difference, or infinity where a query did not find `k` different documents.
    """
    best = -np.sort(-scores, axis=1)[:, :k]
    worst = 0.0
    for row, expected, places in zip(scores, best, found, strict=True):
        if len(places) != len(expected) or len(set(places)) != len(places):
            return float("inf")
        worst = max(worst, float(np.abs(row[list(places)] - expected).max()))
    return worst


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
