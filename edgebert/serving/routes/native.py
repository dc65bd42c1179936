"""What heads answer: labels, entities, words, answers and translations, by the runtime's names."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from edgebert.serving.answering import json_response
from edgebert.serving.errors import EMPTY, ApiError
from edgebert.serving.guesses import require_few_guesses
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server
from edgebert.tasks.answers import Classification, Entity
from edgebert.tasks.masks import Fill
from edgebert.tasks.questions import Answer
from edgebert.tasks.translations import Translated

LongText = Literal["truncate", "mean"]
Aggregation = Literal["words", "simple", "first", "average", "max"]
Pair = tuple[str, str]

_WIDEST_BEAM = 32
"""Each beam takes the work of a text: a text of one request is to cost no more than so many."""


class ClassifyBody(msgspec.Struct, forbid_unknown_fields=True):
    """One text, or a list of texts and of pairs of texts."""

    texts: str | list[str | Pair]
    model: str | None = None
    long_text: LongText = "truncate"
    truncate: bool | None = None


class TagBody(msgspec.Struct, forbid_unknown_fields=True):
    """One text or several, of any length."""

    texts: str | list[str]
    model: str | None = None
    aggregation: Aggregation | None = None


class FillMaskBody(msgspec.Struct, forbid_unknown_fields=True):
    """One text or several with masks, and how many guesses are given for each."""

    texts: str | list[str]
    model: str | None = None
    k: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5


class AnswerBody(msgspec.Struct, forbid_unknown_fields=True):
    """Questions and contexts: one of each, as many of both, or one that goes with each other."""

    question: str | list[str]
    context: str | list[str]
    model: str | None = None
    allow_no_answer: bool = False


class TranslateBody(msgspec.Struct, forbid_unknown_fields=True):
    """One text or several, of any length, and how they are translated."""

    texts: str | list[str]
    model: str | None = None
    beam: Annotated[int, msgspec.Meta(ge=1, le=_WIDEST_BEAM)] = 1
    n_best: Annotated[int, msgspec.Meta(ge=1, le=_WIDEST_BEAM)] = 1
    length_penalty: Annotated[float, msgspec.Meta(ge=0)] | None = None
    max_length: Annotated[int, msgspec.Meta(ge=1)] | None = None


class PredictBody(msgspec.Struct):
    """A text, a pair as a list of two, or a list of such lists."""

    inputs: str | list[str | list[str]]
    model: str | None = None
    truncate: bool | None = None


class Score(msgspec.Struct):
    """The score of a label."""

    label: str
    score: float


def routes(server: Server) -> list[Route]:
    """What heads answer."""

    async def classify(request: Request) -> Response:
        body = await server.read_body(request, ClassifyBody)
        served = server.model(request, body.model, "classify")
        reply = await server.ask(
            request,
            served,
            "classify",
            body.texts,
            long_text=body.long_text,
            truncate=body.truncate,
        )
        return json_response(reply.value, reply)

    async def tag(request: Request) -> Response:
        body = await server.read_body(request, TagBody)
        served = server.model(request, body.model, "tag")
        reply = await server.ask(request, served, "tag", body.texts, aggregation=body.aggregation)
        return json_response(reply.value, reply)

    async def fill_mask(request: Request) -> Response:
        body = await server.read_body(request, FillMaskBody)
        served = server.model(request, body.model, "fill_mask")
        require_few_guesses(served, body.texts, body.k)
        reply = await server.ask(request, served, "fill_mask", body.texts, k=body.k)
        return json_response(reply.value, reply)

    async def answer(request: Request) -> Response:
        body = await server.read_body(request, AnswerBody)
        served = server.model(request, body.model, "answer")
        reply = await server.ask(
            request,
            served,
            "answer",
            body.question,
            body.context,
            allow_no_answer=body.allow_no_answer,
        )
        return json_response(reply.value, reply)

    async def translate(request: Request) -> Response:
        body = await server.read_body(request, TranslateBody)
        served = server.model(request, body.model, "translate")
        reply = await server.ask(
            request,
            served,
            "translate",
            body.texts,
            beam=body.beam,
            n_best=body.n_best,
            length_penalty=body.length_penalty,
            max_length=body.max_length,
        )
        return json_response(reply.value, reply)

    async def predict(request: Request) -> Response:
        body = await server.read_body(request, PredictBody)
        served = server.model(request, body.model, "classify")
        texts, one = predicted_texts(body.inputs)
        reply = await server.ask(request, served, "classify", texts, truncate=body.truncate)
        scores = [scores_of(each) for each in reply.value]
        return json_response(scores[0] if one else scores, reply)

    return [
        Route(
            "/classify",
            classify,
            "The label of each text or pair, and the scores of all labels",
            body=ClassifyBody,
            answer=Classification | list[Classification],
        ),
        Route(
            "/tag",
            tag,
            "The entities of each text",
            body=TagBody,
            answer=list[Entity] | list[list[Entity]],
        ),
        Route(
            "/fill_mask",
            fill_mask,
            "The likeliest words for each mask",
            body=FillMaskBody,
            answer=list[Fill] | list[list[Fill]],
        ),
        Route(
            "/answer",
            answer,
            "The answer to each question, at its characters of a context",
            body=AnswerBody,
            answer=Answer | list[Answer],
        ),
        Route(
            "/translate",
            translate,
            "The translation of each text, sentence by sentence",
            body=TranslateBody,
            answer=Translated | list[Translated],
        ),
        Route(
            "/predict",
            predict,
            "The scores of all labels, the highest first",
            body=PredictBody,
            answer=list[Score] | list[list[Score]],
        ),
    ]


def predicted_texts(inputs: str | list[str | list[str]]) -> tuple[list[Any], bool]:
    """Texts and pairs, and whether there is a single one, as text-embeddings-inference reads them.

    A list of texts is one text or one pair; several are lists in a list.

    Raises:
        ApiError: 400 it is neither a text nor a pair.
    """
    if isinstance(inputs, str):
        return [inputs], True
    if inputs and all(isinstance(text, str) for text in inputs):
        return [_text_or_pair(inputs)], True
    return [text if isinstance(text, str) else _text_or_pair(text) for text in inputs], False


def _text_or_pair(texts: list[Any]) -> Any:
    if len(texts) not in (1, 2):
        said = f"a list of {len(texts)} where one text or a pair is expected"
        raise ApiError(400, EMPTY, f"inputs: {said}: send several as a list of lists")
    return texts[0] if len(texts) == 1 else tuple(texts)


def scores_of(answer: Classification) -> list[dict[str, Any]]:
    """Every label with its score, the highest first."""
    ordered = sorted(answer.scores.items(), key=lambda pair: -pair[1])
    return [{"label": label, "score": score} for label, score in ordered]
