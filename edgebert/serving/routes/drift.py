"""How far live answers drift, for people and as a record."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from edgebert.records.codec import to_json
from edgebert.serving.drift.page import page
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server

_NOTHING_FROM_ELSEWHERE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"
}


def routes(server: Server) -> list[Route]:
    """What is known of live drift."""

    async def drift(request: Request) -> Response:
        return HTMLResponse(page(server.drift.record()), headers=_NOTHING_FROM_ELSEWHERE)

    async def record(request: Request) -> Response:
        return Response(to_json(server.drift.record()), media_type="application/json")

    return [
        _open("/drift", drift, "How far answers drift, as a page", media_type="text/html"),
        _open("/drift.json", record, "How far answers drift, as a record", answer=dict[str, Any]),
    ]


_open = partial(Route, method="GET", per_model=False, open=True)
