"""Text classification: labels for a text or a pair; of one label its score, as of rerankers."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from edgebert.records.manifest import IDENTITY, SIGMOID, SOFTMAX, TEXT_CLASSIFICATION
from edgebert.tasks.base import Task
from edgebert.text.encoding import Text

SINGLE_LABEL, MULTI_LABEL, REGRESSION = (
    "single_label_classification",
    "multi_label_classification",
    "regression",
)
PROBLEM_TYPES = (SINGLE_LABEL, MULTI_LABEL, REGRESSION)
"""What transformers knows; the first is what it takes where nothing is said."""

if TYPE_CHECKING:
    from edgebert.data.examples import Examples


class Classification(Task):
    """Logits for each text, one for each label."""

    name = TEXT_CLASSIFICATION
    verb = command = "classify"
    head = "ForSequenceClassification"
    auto_class = "AutoModelForSequenceClassification"
    reads_pairs = True
    labelled = True
    has_problem_types = True
    columns = MappingProxyType({"label": "text", "score": "number", "scores": "scores"})
    saved_key = "scores"

    def golden_texts(self, mask_token: str | None = None) -> tuple[Text, ...]:
        from edgebert.data.samples import GOLDEN_PAIRS  # which an app need not load

        return (*super().golden_texts(mask_token), *GOLDEN_PAIRS)

    def compared_rows(self, mask: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
        return mask[:, 0]  # most heads read the first token, so where it is masked nothing is meant

    def row(self, answer: Any) -> dict[str, Any]:
        row = {"label": answer.label, "score": answer.score, "scores": answer.scores}
        return row if answer.labels is None else row | {"labels": answer.labels}

    def require_gold(self, examples: Examples, *, gives_score: bool) -> None:
        if not gives_score:
            examples.require_labels()
        elif examples.text_scores is None and examples.relevance is None:
            examples.require_scored_pairs()

    def scoring(self, labels: Sequence[str], problem_type: str | None, said: str | None) -> str:
        """A single label is a score, which sentence-transformers squashes unless it is said."""
        if len(labels) == 1:
            return said or (IDENTITY if problem_type == REGRESSION else SIGMOID)
        if problem_type == REGRESSION:
            return IDENTITY
        return SIGMOID if problem_type == MULTI_LABEL else SOFTMAX

    def gives_score(self, labels: Sequence[str], scoring: str, *, multi_label: bool) -> bool:
        return (len(labels) == 1 and not multi_label) or scoring == IDENTITY

    def call(self, labels: Sequence[str], mask_token: str | None) -> str:
        if len(labels) == 1:
            return 'model.rerank("a query", ["first text", "second text"])'
        return super().call(labels, mask_token)
