"""What tells of the server itself."""

from __future__ import annotations

from functools import partial

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

    return [
        _open("/live", live, "Whether the process answers", answer=State),
        _open("/ready", ready, "Whether all bundles are loaded, proved and warm", answer=State),
        _open("/metrics", metrics, "Metrics for Prometheus", media_type="text/plain"),
    ]


_open = partial(Route, method="GET", per_model=False, open=True)
