"""What each verb of a model with a head asks on the way to its answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgebert.errors import InputError
from edgebert.records.manifest import (
    FILL_MASK,
    QUESTION_ANSWERING,
    TEXT_CLASSIFICATION,
    TOKEN_CLASSIFICATION,
)
from edgebert.runtimes.asked import Asked, require
from edgebert.runtimes.calls import Ask, Call
from edgebert.runtimes.requests import answering, classification, mask_filling, tagging
from edgebert.tasks.answers import Classification
from edgebert.tasks.questions import Answer, pairs_of
from edgebert.text.long_texts import TRUNCATE
from edgebert.vectors.ranking import Hit, check_ranking, ranked


def classify(model: Asked, texts: Any, *, long_text: str = TRUNCATE) -> Call:
    """What `Model.classify` does, with its arguments and errors."""
    require(model, "classify", TEXT_CLASSIFICATION)
    return Call((Ask(texts, classification(model.pipeline, long_text=long_text)),))


def rerank(model: Asked, query: str, texts: Iterable[str]) -> Call:
    """What `Model.rerank` does, with its arguments and errors."""
    require(model, "rerank", TEXT_CLASSIFICATION)
    if len(model.labels) != 1:
        raise InputError(
            f"{model.files.path} knows {len(model.labels)} labels; rerank needs a single one, "
            "whose score is the order"
        )
    listed = check_ranking(query, texts)
    pairs = [(query, text) for text in listed]

    def hits(answers: list[Classification]) -> list[Hit]:
        return ranked(listed, [answer.score for answer in answers])

    return Call((Ask(pairs, classification(model.pipeline, long_text=TRUNCATE)),), hits)


def tag(model: Asked, texts: Any, *, aggregation: str | None = None) -> Call:
    """What `Model.tag` does, with its arguments and errors."""
    require(model, "tag", TOKEN_CLASSIFICATION)
    return Call((Ask(texts, tagging(model.pipeline, aggregation=aggregation)),))


def fill_mask(model: Asked, texts: Any, k: int = 5) -> Call:
    """What `Model.fill_mask` does, with its arguments and errors."""
    require(model, "fill_mask", FILL_MASK)
    return Call((Ask(texts, mask_filling(model.pipeline, k)),))


def answer(model: Asked, question: Any, context: Any, *, allow_no_answer: bool = False) -> Call:
    """What `Model.answer` does, with its arguments and errors."""
    require(model, "answer", QUESTION_ANSWERING)
    one = isinstance(question, str | bytes) and isinstance(context, str | bytes)
    request = answering(model.pipeline, allow_no_answer=allow_no_answer)
    ask = Ask(pairs_of(question, context), request)
    return Call((ask,), _the_only) if one else Call((ask,))


def _the_only(answers: list[Answer]) -> Answer:
    return answers[0]
