"""Embeddings: one vector for each text."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from edgebert.arrays import Array
from edgebert.records.manifest import EMBEDDINGS
from edgebert.tasks.answers import Answers
from edgebert.tasks.base import Task
from edgebert.tasks.terms import POOLED, SHARED_HIDDEN, Doubles
from edgebert.text.long_texts import Whole, tokens_of
from edgebert.vectors.forms import unit

if TYPE_CHECKING:
    from edgebert.data.examples import Examples


class Embedding(Task):
    """Token vectors, pooled into one for each text."""

    name = EMBEDDINGS
    verb = command = "embed"
    auto_class = "AutoModel"
    outputs = ("sentence_embedding",)
    told_by = frozenset({SHARED_HIDDEN, "token_embeddings", "sentence_embedding", "pooler_output"})
    vectors = True
    dense = True
    distance = "1 - cosine"
    columns = MappingProxyType({"embedding": "floats"})
    form = POOLED
    saved_key = "embedding"
    default_bounds = MappingProxyType({"max_drift": 0.03})

    def disagreement(
        self,
        before: Answers,
        after: Answers,
        *,
        scorings: tuple[str, str],
        multi_label: bool,
        decides: bool,
    ) -> tuple[Doubles, None]:
        from edgebert.measures.similarity import cosines  # which no app needs

        assert before.outputs is not None and after.outputs is not None
        return 1 - cosines(np.stack(before.outputs), np.stack(after.outputs)), None

    def row(self, answer: Any) -> dict[str, Any]:
        """An embedding stays a float32 array [dim]."""
        return {"embedding": answer}

    def require_gold(self, examples: Examples, *, gives_score: bool) -> None:
        if examples.retrieval is None and not examples.belong_together:
            examples.require_scored_pairs()


def mean_of(whole: Whole[Any], *, normalize: bool) -> Array:
    """The mean of the vectors of a text's parts, each counted by its tokens.

    Args:
        whole: with a row [dim] for each part.
        normalize: whether the mean is brought back to length 1.

    Returns:
        float32 [dim]; where the text has one part, its vector as it is.
    """
    if len(whole.rows) == 1:
        return whole.rows[0]
    tokens = tokens_of(whole)
    mean = np.asarray((tokens / tokens.sum()) @ np.stack(whole.rows), np.float32)
    return unit(mean) if normalize else mean
