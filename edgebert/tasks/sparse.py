"""Sparse embeddings: a weight for each piece of the vocabulary, of which most are 0.

SPLADE: the masked-language head says of each token which pieces it stands for; a piece weighs
log(1 + relu(logit)) where it says so most strongly. Formal et al. 2021, "SPLADE v2: Sparse Lexical
and Expansion Model for Information Retrieval" (https://arxiv.org/abs/2109.10086).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from edgebert.arrays import Array
from edgebert.errors import CheckpointError
from edgebert.records.manifest import DOT
from edgebert.tasks.embedding import Embedding
from edgebert.tasks.terms import LEXICAL
from edgebert.vectors.ranking import Hit, largest

SPARSE_EMBEDDINGS = "sparse-embedding"

_GOLDEN_PIECES = 8
"""Of each golden text: the pieces that weigh most, of all that a golden answer keeps."""


@dataclass(frozen=True, eq=False)
class SparseVector:
    """The pieces of a vocabulary that a text stands for.

    Attributes:
        indices: ids of the pieces, int32 [n], ascending.
        weights: of each, float32 [n], above 0.
    """

    indices: npt.NDArray[np.int32]
    weights: Array

    @classmethod
    def of(cls, vector: Array) -> SparseVector:
        """What is not 0 of a vector float32 [vocabulary]."""
        indices = np.flatnonzero(vector > 0).astype(np.int32)
        return cls(indices, np.array(vector[indices]))


class SparseEmbedding(Embedding):
    """Logits over the vocabulary, pooled into one weight for each piece of it."""

    name = SPARSE_EMBEDDINGS
    verb = "embed_sparse"
    head = "ForMaskedLM"
    auto_class = "AutoModelForMaskedLM"
    module = "SpladePooling"
    outputs = ("sparse_embedding",)
    told_by = frozenset(outputs)
    form = LEXICAL
    dense = False
    over_vocabulary = True
    similarity = DOT
    columns = MappingProxyType({"indices": "integers", "weights": "floats"})
    saved_key = ""
    most_compared = 1024  # a vector over a large vocabulary is a tenth of a megabyte

    def require_module(self, said: dict[str, Any], folder: Path) -> None:
        for key, wanted in (("pooling_strategy", "max"), ("activation_function", "relu")):
            if said.get(key, wanted) != wanted:
                raise CheckpointError(
                    f"{folder} has {key} {said[key]!r}; sparse vectors are exported with {wanted!r}"
                )

    def golden_columns(self, outputs: Sequence[Array]) -> tuple[int, ...]:
        heaviest = (largest(output, _GOLDEN_PIECES) for output in outputs)
        return tuple(sorted({int(piece) for pieces in heaviest for piece in pieces}))

    def row(self, answer: Any) -> dict[str, Any]:
        return {"indices": answer.indices, "weights": answer.weights}


class InvertedIndex:
    """The texts of a corpus by the pieces that they stand for.

    Args:
        vectors: of the texts, in order.
        texts: themselves, where they are known.
    """

    def __init__(self, vectors: Iterable[SparseVector], texts: Sequence[str] | None = None) -> None:
        found = list(vectors)
        self._texts = texts
        self._size = len(found)
        pieces = np.concatenate([vector.indices for vector in found] or [np.empty(0, np.int32)])
        weights = np.concatenate([vector.weights for vector in found] or [np.empty(0, np.float32)])
        owners = np.repeat(np.arange(self._size), [len(vector.indices) for vector in found])
        order = np.argsort(pieces, kind="stable")
        self._owners, self._weights = owners[order], weights[order]
        self._pieces, self._starts = np.unique(pieces[order], return_index=True)
        self._ends = np.append(self._starts[1:], len(owners))

    def nearest(self, query: SparseVector, k: int) -> list[Hit]:
        """The k texts with the largest dot product to a query, of equals the first one first."""
        scores = np.zeros(self._size, np.float32)
        for piece, weight in zip(query.indices, query.weights, strict=True):
            place = int(np.searchsorted(self._pieces, piece))
            if place < len(self._pieces) and self._pieces[place] == piece:
                some = slice(int(self._starts[place]), int(self._ends[place]))
                scores[self._owners[some]] += weight * self._weights[some]
        best = largest(scores, k) if self._size else ()
        texts = self._texts
        return [Hit(int(i), float(scores[i]), texts[int(i)] if texts else None) for i in best]
