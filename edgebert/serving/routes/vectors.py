"""Vectors of texts, in the shapes of text-embeddings-inference."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from edgebert.serving.answering import json_response
from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.models import ServedModel
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server
from edgebert.serving.texts import Texts, texts_of
from edgebert.serving.vectors import as_asked, numbers_kept
from edgebert.tasks.sparse import SparseVector

Direction = Literal["left", "right", "Left", "Right"]


class PromptedTexts(msgspec.Struct):
    """Texts, and how they are read."""

    inputs: Texts
    model: str | None = None
    truncate: bool | None = None
    truncation_direction: Direction | None = None
    prompt_name: str | None = None


class EmbedSparseBody(PromptedTexts):
    """Texts to turn into weights of the pieces of the vocabulary."""


class EmbedBody(PromptedTexts):
    """Texts to turn into vectors.

    Attributes:
        normalize: vectors of length 1; by default as the bundle gives them.
        dimensions: how many of the first numbers of a vector are given.
    """

    normalize: bool | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Weight(msgspec.Struct):
    """The weight of a piece of the vocabulary."""

    index: int
    value: float


class Compared(msgspec.Struct):
    """A text, and those that it is compared with."""

    source_sentence: str
    sentences: list[str]


class CompareParameters(msgspec.Struct):
    """How texts are compared."""

    truncate: bool | None = None
    truncation_direction: Direction | None = None


class SimilarityBody(msgspec.Struct):
    """Texts to compare."""

    inputs: Compared
    parameters: CompareParameters | None = None
    model: str | None = None


def routes(server: Server) -> list[Route]:
    """Vectors, and how alike texts are."""

    async def embed(request: Request) -> Response:
        body = await server.read_body(request, EmbedBody)
        served = server.model(request, body.model, "embed")
        require_direction(served, body.truncation_direction)
        reply = await server.ask(
            request,
            served,
            "embed",
            texts_of(body.inputs, "inputs"),
            prompt=body.prompt_name,
            truncate_dim=numbers_kept(body.dimensions, served),
            truncate=body.truncate,
        )
        vectors, told = as_asked(reply.value, body.normalize, served)
        return json_response(np.ascontiguousarray(vectors), reply, told)

    async def embed_sparse(request: Request) -> Response:
        body = await server.read_body(request, EmbedSparseBody)
        served = server.model(request, body.model, "embed_sparse")
        require_direction(served, body.truncation_direction)
        texts = texts_of(body.inputs, "inputs")
        reply = await server.ask(
            request,
            served,
            "embed_sparse",
            texts,
            prompt=body.prompt_name,
            truncate=body.truncate,
        )
        return json_response([weights_of(vector) for vector in reply.value], reply)

    async def similarity(request: Request) -> Response:
        body = await server.read_body(request, SimilarityBody)
        served = server.model(request, body.model, "similarity")
        how = body.parameters or CompareParameters()
        require_direction(served, how.truncation_direction)
        one, others = body.inputs.source_sentence, body.inputs.sentences
        reply = await server.ask(request, served, "similarity", one, others, truncate=how.truncate)
        return json_response(reply.value, reply)

    return [
        Route("/embed", embed, "A vector for each text", body=EmbedBody, answer=list[list[float]]),
        Route(
            "/embed_sparse",
            embed_sparse,
            "The weights of pieces of the vocabulary for each text",
            body=EmbedSparseBody,
            answer=list[list[Weight]],
        ),
        Route(
            "/similarity",
            similarity,
            "How alike one text is to each of others",
            body=SimilarityBody,
            answer=list[float],
        ),
    ]


def require_direction(served: ServedModel, asked: str | None) -> None:
    """Refuse to cut texts at another end than the bundle does.

    Raises:
        ApiError: 422 it does not.
    """
    cuts = (served.model.tokenizer.truncation or {}).get("direction", "right")
    if asked is not None and asked.lower() != cuts:
        message = f"{served.name} cuts texts at the {cuts}: leave truncation_direction out"
        raise ApiError(422, VALIDATION, message, param="truncation_direction")


def weights_of(vector: SparseVector) -> list[dict[str, Any]]:
    """A sparse vector as text-embeddings-inference lists it."""
    pairs = zip(vector.indices.tolist(), vector.weights, strict=True)
    return [{"index": index, "value": weight} for index, weight in pairs]
