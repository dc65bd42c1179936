"""Token classification: entities in a text of any length."""

from __future__ import annotations

from collections.abc import Sequence

from edgebert.records.manifest import SOFTMAX, TOKEN_CLASSIFICATION
from edgebert.tasks.base import PER_TOKEN, Task
from edgebert.tasks.entities import WORDS


class Tagging(Task):
    """Logits for each token, one for each label."""

    name = TOKEN_CLASSIFICATION
    verb = command = "tag"
    head = "ForTokenClassification"
    auto_class = "AutoModelForTokenClassification"
    reads_whole = True
    rows = PER_TOKEN
    labelled = True
    new_aggregation = WORDS
    columns = ("entities",)
    saved_key = "entities"

    def scoring(self, labels: Sequence[str], problem_type: str | None, said: str | None) -> str:
        return SOFTMAX
