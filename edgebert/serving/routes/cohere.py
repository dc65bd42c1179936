"""Texts in the order in which they answer a query, in the shape of Cohere's API."""

from __future__ import annotations

from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from edgebert.serving.answering import json_response
from edgebert.serving.calls import call_of
from edgebert.serving.pairs import require_short_pairs
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server


class CohereRerankBody(msgspec.Struct):
    """A query, and the documents to sort.

    Attributes:
        top_n: how many are told; by default all.
    """

    query: str
    documents: list[str]
    model: str | None = None
    top_n: Annotated[int, msgspec.Meta(ge=1)] | None = None


class CohereResult(msgspec.Struct):
    """A document's place in the request, and its score."""

    index: int
    relevance_score: float


class CohereRanking(msgspec.Struct):
    """The documents, the best first, under the id of the request."""

    id: str
    results: list[CohereResult]


def routes(server: Server) -> list[Route]:
    """What Cohere's client of the second version asks."""

    async def rerank(request: Request) -> Response:
        body = await server.read_body(request, CohereRerankBody)
        served = server.model(request, body.model, "rerank")
        require_short_pairs(body.query, body.documents, server.options.max_body)
        reply = await server.ask(request, served, "rerank", body.query, body.documents)
        results = [CohereResult(hit.index, hit.score) for hit in reply.value[: body.top_n]]
        ranking = CohereRanking(call_of(request).id, results)
        return json_response(msgspec.to_builtins(ranking), reply)

    summary = "Documents in the order in which they answer a query, as Cohere has it"
    return [
        Route("/v2/rerank", rerank, summary, body=CohereRerankBody, answer=CohereRanking),
    ]
