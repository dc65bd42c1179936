"""What can be asked over HTTP: a file for each kind of client, and one list of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebert.serving.routes import (
    about,
    cohere,
    drift,
    health,
    hugging_face,
    native,
    openai,
    rerankers,
    tei,
    tokens,
    vectors,
)
from edgebert.serving.routes.route import Route

if TYPE_CHECKING:
    from edgebert.serving.server import Server

_FILES = (openai, vectors, native, hugging_face, rerankers, cohere, tokens, tei, health, drift)


def routes_of(server: Server) -> list[Route]:
    """Every route of a server, in the order of its OpenAPI document."""
    described = [route for file in _FILES for route in file.routes(server)]
    return described + about.routes(server, described)
