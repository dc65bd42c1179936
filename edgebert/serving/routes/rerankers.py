"""Texts in the order in which they answer a query, as several kinds of clients ask for it.

text-embeddings-inference sorts `texts`; Jina's API, vLLM and infinity sort `documents`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from edgebert.records.manifest import IDENTITY
from edgebert.serving.answering import Reply, json_response
from edgebert.serving.calls import call_of
from edgebert.serving.errors import VALIDATION, ApiError
from edgebert.serving.models import ServedModel
from edgebert.serving.pairs import require_short_pairs
from edgebert.serving.routes.openai import Usage
from edgebert.serving.routes.route import Route
from edgebert.serving.routes.vectors import Direction, require_direction
from edgebert.serving.server import Server
from edgebert.vectors.ranking import Hit

Most = Annotated[int, msgspec.Meta(ge=1)] | None


class Document(msgspec.Struct):
    """A text to sort."""

    text: str


class DocumentsBody(msgspec.Struct):
    """A query, and the documents to sort.

    Attributes:
        top_n: how many are told; by default all.
        return_documents: whether their texts are told too.
    """

    query: str
    documents: list[str | Document]
    model: str | None = None
    top_n: Most = None
    return_documents: bool | None = None


class RerankBody(msgspec.Struct):
    """A query, and either `texts` or `documents` to sort: the answer differs.

    Attributes:
        raw_scores: of texts, scores as they come of the graph: only where the bundle has no others.
        return_text: of texts, whether they are told too.
        top_n, return_documents: of documents, as in `/v1/rerank`.
    """

    query: str
    texts: list[str] | None = None
    documents: list[str | Document] | None = None
    model: str | None = None
    truncate: bool | None = None
    truncation_direction: Direction | None = None
    raw_scores: bool = False
    return_text: bool = False
    top_n: Most = None
    return_documents: bool | None = None


class Rank(msgspec.Struct, omit_defaults=True):
    """A text's place in the request, and its score."""

    index: int
    score: float
    text: str | None = None


class Result(msgspec.Struct, omit_defaults=True):
    """A document's place in the request, and its score."""

    index: int
    relevance_score: float
    document: Document | None = None


class Ranking(msgspec.Struct):
    """The documents, the best first, under the id of the request."""

    id: str
    model: str
    results: list[Result]
    usage: Usage


def routes(server: Server) -> list[Route]:
    """The order of texts and of documents."""

    async def ask(request: Request, body: RerankBody, texts: Sequence[str]) -> tuple[Any, Reply]:
        served = server.model(request, body.model, "rerank")
        require_direction(served, body.truncation_direction)
        _require_scores(served, raw=body.raw_scores)
        require_short_pairs(body.query, texts, server.options.max_body)
        asked = (body.query, list(texts))
        return served, await server.ask(request, served, "rerank", *asked, truncate=body.truncate)

    async def rerank(request: Request) -> Response:
        body = await server.read_body(request, RerankBody)
        if (body.texts is None) == (body.documents is None):
            raise ApiError(422, VALIDATION, "expected either texts or documents", param="texts")
        if body.documents is None:
            _served, reply = await ask(request, body, body.texts or ())
            return json_response(ranks_of(reply.value, told=body.return_text), reply)
        return await ranked(request, body, body.documents)

    async def rerank_documents(request: Request) -> Response:
        given = await server.read_body(request, DocumentsBody)
        body = RerankBody(
            given.query,
            model=given.model,
            top_n=given.top_n,
            return_documents=given.return_documents,
        )
        return await ranked(request, body, given.documents)

    async def ranked(
        request: Request, body: RerankBody, documents: list[str | Document]
    ) -> Response:
        served, reply = await ask(request, body, texts_in(documents))
        results = results_of(reply.value[: body.top_n], told=bool(body.return_documents))
        tokens = sum(reply.tokens)
        ranking = Ranking(call_of(request).id, served.name, results, Usage(tokens, tokens))
        return json_response(msgspec.to_builtins(ranking), reply)

    return [
        Route(
            "/rerank",
            rerank,
            "Texts or documents in the order in which they answer a query",
            body=RerankBody,
            answer=list[Rank] | Ranking,
        ),
        Route(
            "/v1/rerank",
            rerank_documents,
            "Documents in the order in which they answer a query",
            body=DocumentsBody,
            answer=Ranking,
        ),
    ]


def texts_in(documents: Sequence[str | Document]) -> list[str]:
    """The texts of documents."""
    return [each.text if isinstance(each, Document) else each for each in documents]


def ranks_of(hits: Sequence[Hit], *, told: bool) -> list[dict[str, Any]]:
    """The order of texts, with the texts where they are to be told."""
    ranks = [Rank(hit.index, hit.score, hit.text if told else None) for hit in hits]
    return [msgspec.to_builtins(rank) for rank in ranks]


def results_of(hits: Sequence[Hit], *, told: bool) -> list[Result]:
    """The order of documents, with their texts where these are to be told."""
    return [Result(hit.index, hit.score, Document(str(hit.text)) if told else None) for hit in hits]


def _require_scores(served: ServedModel, *, raw: bool) -> None:
    """Refuse to tell logits where scores are made of them."""
    if raw and served.model.spec.scoring != IDENTITY:
        message = f"{served.name} gives scores by {served.model.spec.scoring}: leave raw_scores out"
        raise ApiError(422, VALIDATION, message, param="raw_scores")
