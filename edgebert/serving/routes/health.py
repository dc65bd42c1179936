"""What tells of the server itself."""

from __future__ import annotations

from typing import Any

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from edgebert.serving.answering import json_response
from edgebert.serving.errors import UNHEALTHY, ApiError
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server


class State(msgspec.Struct):
    """How the server is."""

    status: str


def routes(server: Server) -> list[Route]:
    """Liveness, readiness and metrics."""

    async def live(request: Request) -> Response:
        return json_response({"status": "live"})

    async def ready(request: Request) -> Response:
        if server.ready:
            return json_response({"status": "ready"})
        why = "the server is about to end" if server.draining else "bundles are being loaded"
        raise ApiError(503, UNHEALTHY, why, {"retry-after": "1"})

    async def metrics(request: Request) -> Response:
        return Response(server.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    def told(path: str, handler: Any, summary: str, answer: Any = None) -> Route:
        return Route(
            path, handler, summary, method="GET", answer=answer, per_model=False, open=True
        )

    return [
        told("/live", live, "Whether the process answers", State),
        told("/ready", ready, "Whether all bundles are loaded, proved and warm", State),
        told("/metrics", metrics, "Metrics for Prometheus"),
    ]
