"""Token classification: entities in a text of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from edgebert.errors import InputError
from edgebert.records.manifest import TOKEN_CLASSIFICATION
from edgebert.tasks.answers import Answers
from edgebert.tasks.base import Task
from edgebert.tasks.entities import WORDS, decode_entities
from edgebert.tasks.terms import PER_TOKEN, AnswersTexts, Changes, Doubles
from edgebert.text.encoding import Text
from edgebert.text.stitching import stitched

if TYPE_CHECKING:
    from edgebert.data.examples import Examples


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
    columns = MappingProxyType({"entities": "records"})
    saved_key = "entities"

    def ask(
        self,
        model: AnswersTexts,
        texts: Sequence[Text],
        *,
        aggregation: str,
        allow_no_answer: bool,
        progress: bool = False,
    ) -> Answers:
        if not all(isinstance(text, str) for text in texts):
            raise InputError("token classification reads single texts, not pairs")
        read = [stitched(whole) for whole in model.wholes(texts, progress=progress)]
        entities = (decode_entities(*one, model.labels, aggregation) for one in read)
        return Answers(tuple(logits for _, logits in read), tuple(map(tuple, entities)))

    def disagreement(
        self,
        before: Answers,
        after: Answers,
        *,
        scorings: tuple[str, str],
        multi_label: bool,
        decides: bool,
    ) -> tuple[Doubles, Changes | None]:
        """Of saved answers only the entities are known."""
        if before.outputs is not None and after.outputs is not None:
            return super().disagreement(
                before, after, scorings=scorings, multi_label=multi_label, decides=decides
            )
        from edgebert.measures.distances import entity_disagreement  # which no app needs

        assert before.entities is not None and after.entities is not None
        return entity_disagreement(before.entities, after.entities), None

    def row(self, answer: Any) -> dict[str, Any]:
        return {"entities": [asdict(entity) for entity in answer]}

    def require_gold(self, examples: Examples, *, gives_score: bool) -> None:
        examples.require_entities()
