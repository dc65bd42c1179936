"""What can be asked over HTTP: a file for each kind of client, and one list of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgebert.serving.routes import health, native, rerankers, vectors
from edgebert.serving.routes.route import Route

if TYPE_CHECKING:
    from edgebert.serving.server import Server

_FILES = (vectors, native, rerankers, health)


def routes_of(server: Server) -> list[Route]:
    """Every route of a server, in the order of its OpenAPI document."""
    return [route for file in _FILES for route in file.routes(server)]
