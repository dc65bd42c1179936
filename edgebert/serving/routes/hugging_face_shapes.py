"""Bodies and answers of Hugging Face's inference API, and how answers are brought into them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from edgebert.serving.routes.native import Score
from edgebert.serving.routes.vectors import Direction, Weight
from edgebert.tasks.answers import Entity
from edgebert.tasks.masks import Fill
from edgebert.tasks.questions import Answer


class Sides(msgspec.Struct):
    """A question and its context, or a text and those that it is compared with."""

    question: str | None = None
    context: str | None = None
    source_sentence: str | None = None
    sentences: list[str] | None = None


class Parameters(msgspec.Struct, forbid_unknown_fields=True):
    """How a task is done; each is for one or two of them.

    Attributes:
        top_k: labels of a text, or guesses for a mask.
        function_to_apply: what makes scores of logits: only as the bundle was made.
        aggregation_strategy, ignore_labels: of entities.
        handle_impossible_answer: whether an answer may be empty.
    """

    top_k: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    function_to_apply: Literal["softmax", "sigmoid", "none"] | None = None
    aggregation_strategy: Literal["simple", "first", "average", "max"] | None = None
    ignore_labels: list[str] | None = None
    handle_impossible_answer: bool | None = None


class InferenceBody(msgspec.Struct):
    """What is asked: texts, a question with its context, or texts to compare."""

    inputs: str | list[str | Sides] | Sides
    parameters: Parameters | None = None
    model: str | None = None
    truncate: bool | None = None
    truncation_direction: Direction | None = None
    prompt_name: str | None = None
    normalize: bool | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None


class HuggingFaceEntity(msgspec.Struct):
    """An entity at characters `start` to `end` of the text."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int


class HuggingFaceAnswer(msgspec.Struct):
    """An answer at characters `start` to `end` of the context."""

    answer: str
    score: float
    start: int
    end: int


class HuggingFaceFill(msgspec.Struct):
    """A token for a mask, and the text with it."""

    sequence: str
    score: float
    token: int
    token_str: str


InferenceAnswer = (
    list[list[float]]
    | list[float]
    | list[list[Weight]]
    | list[list[Score]]
    | list[HuggingFaceEntity]
    | list[list[HuggingFaceEntity]]
    | HuggingFaceAnswer
    | list[HuggingFaceAnswer]
    | list[HuggingFaceFill]
    | list[list[HuggingFaceFill]]
    | list[list[list[HuggingFaceFill]]]
)


def entities_of(entities: Sequence[Entity], ignored: frozenset[str]) -> list[dict[str, Any]]:
    """Entities by Hugging Face's names, but those with labels that are ignored."""
    return [
        {
            "entity_group": entity.label,
            "score": entity.score,
            "word": entity.text,
            "start": entity.start,
            "end": entity.end,
        }
        for entity in entities
        if entity.label not in ignored
    ]


def answer_of(answer: Answer) -> dict[str, Any]:
    """An answer by Hugging Face's names."""
    return {
        "answer": answer.text,
        "score": answer.score,
        "start": answer.start,
        "end": answer.end,
    }


def fills_by_mask(fills: Sequence[Fill]) -> list[Any]:
    """Guesses by Hugging Face's names: a list; for a text of several masks one list for each."""
    by_mask: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for fill in fills:
        by_mask[fill.mask].append(
            {
                "sequence": fill.text,
                "score": fill.score,
                "token": fill.id,
                "token_str": fill.token,
            }
        )
    return by_mask[0] if len(by_mask) == 1 else list(by_mask.values())
