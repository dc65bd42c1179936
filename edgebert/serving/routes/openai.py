"""Embeddings and the list of models, in the shapes of OpenAI's API."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from edgebert.arrays import Array
from edgebert.serving.answering import json_response
from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server
from edgebert.serving.texts import Texts, texts_of
from edgebert.serving.vectors import numbers_kept

FLOAT, BASE64 = "float", "base64"
_OWNER = "edgebert"


class EmbeddingsBody(msgspec.Struct):
    """Texts to turn into vectors.

    Attributes:
        encoding_format: `base64` for the bytes of little-endian float32.
        dimensions: how many of the first numbers of a vector are given.
        user: who asks; it is not kept.
    """

    input: Texts
    model: str | None = None
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, msgspec.Meta(ge=1)] | None = None
    user: str | None = None


class Embedding(msgspec.Struct):
    """The vector of one text."""

    index: int
    embedding: list[float] | str
    object: Literal["embedding"] = "embedding"


class Usage(msgspec.Struct):
    """Tokens that were read, special tokens with them."""

    prompt_tokens: int
    total_tokens: int


class Embeddings(msgspec.Struct):
    """The vectors of all texts, in order."""

    data: list[Embedding]
    model: str
    usage: Usage
    object: Literal["list"] = "list"


class ModelCard(msgspec.Struct):
    """A bundle that is served.

    Attributes:
        created: since when, in seconds since 1970: bundles do not say when they were made.
    """

    id: str
    created: int
    object: Literal["model"] = "model"
    owned_by: str = _OWNER


class ModelCards(msgspec.Struct):
    """The bundles that are served, in the order in which they were named."""

    data: list[ModelCard]
    object: Literal["list"] = "list"


def routes(server: Server) -> list[Route]:
    """What clients of OpenAI's API ask for encoders."""
    since = int(time.time())

    async def embeddings(request: Request) -> Response:
        body = await server.read_body(request, EmbeddingsBody)
        served = server.model(request, body.model, "embed")
        texts = texts_of(body.input, "input")
        kept = numbers_kept(body.dimensions, served)
        reply = await server.ask(request, served, "embed", texts, truncate_dim=kept)
        tokens = sum(reply.tokens)
        content = {
            "object": "list",
            "data": embedded(reply.value, body.encoding_format),
            "model": served.name,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        return json_response(content, reply)

    async def models(_request: Request) -> Response:
        cards = [ModelCard(name, since) for name in server.served.names]
        return json_response(msgspec.to_builtins(ModelCards(cards)))

    async def model(request: Request) -> Response:
        name = request.path_params["id"]
        if name not in server.served.names:
            known = ", ".join(server.served.names)
            raise ApiError(404, VALIDATION, f"no model {name[:80]!r} here; models: {known}")
        return json_response(msgspec.to_builtins(ModelCard(name, since)))

    return [
        Route(
            "/v1/embeddings",
            embeddings,
            "A vector for each text, as floats or as base64",
            body=EmbeddingsBody,
            answer=Embeddings,
        ),
        Route(
            "/v1/models",
            models,
            "The bundles that are served",
            method="GET",
            answer=ModelCards,
            per_model=False,
        ),
        Route(
            "/v1/models/{id}",
            model,
            "One of the bundles",
            method="GET",
            answer=ModelCard,
            per_model=False,
        ),
    ]


def embedded(vectors: Array, encoding_format: str | None) -> list[dict[str, Any]]:
    """Vectors, float32 [n, dim], as OpenAI's API lists them."""
    encode = _in_base64 if encoding_format == BASE64 else _as_it_is
    return [
        {"object": "embedding", "index": index, "embedding": encode(vector)}
        for index, vector in enumerate(vectors)
    ]


def _in_base64(vector: Array) -> str:
    return b64encode(vector.astype("<f4").tobytes()).decode()


def _as_it_is(vector: Array) -> Array:
    return vector
