"""Texts in the order in which they answer a query."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from edgebert.serving.answering import json_response
from edgebert.serving.routes.route import Route
from edgebert.serving.routes.vectors import Direction, require_direction
from edgebert.serving.server import Server


class RerankBody(msgspec.Struct):
    """A query, and the texts to sort."""

    query: str
    texts: list[str]
    model: str | None = None
    truncate: bool | None = None
    truncation_direction: Direction | None = None
    return_text: bool = False


class Rank(msgspec.Struct, omit_defaults=True):
    """A text's place in the request, and its score."""

    index: int
    score: float
    text: str | None = None


def routes(server: Server) -> list[Route]:
    """The order of texts."""

    async def rerank(request: Request) -> Response:
        body = await server.read_body(request, RerankBody)
        served = server.model(request, body.model, "rerank")
        require_direction(served, body.truncation_direction)
        asked = (body.query, body.texts)
        reply = await server.ask(request, served, "rerank", *asked, truncate=body.truncate)
        ranks = [
            Rank(hit.index, hit.score, hit.text if body.return_text else None)
            for hit in reply.value
        ]
        return json_response(list(map(msgspec.to_builtins, ranks)), reply)

    return [
        Route(
            "/rerank",
            rerank,
            "Texts in the order in which they answer a query",
            body=RerankBody,
            answer=list[Rank],
        )
    ]
