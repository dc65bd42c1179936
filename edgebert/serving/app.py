"""The ASGI application: each request admitted, answered, counted and logged, in one place."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edgebert.serving.calls import Call, keep_call
from edgebert.serving.errors import BACKEND, UNHEALTHY, ApiError, error_response
from edgebert.serving.keys import Keys
from edgebert.serving.reading import ClientGone
from edgebert.serving.routes import routes_of
from edgebert.serving.routes.route import Route
from edgebert.serving.routing import Routing
from edgebert.serving.server import Server

_log = logging.getLogger("edgebert.serving")
_SANE_ID = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)
_GONE = 499
"""The code of a request whose client left, as nginx writes it into its log."""

_BYTES_PER_TOKEN = 4
"""Of English text; where there are fewer, the queue refuses what was let in."""


def make_app(server: Server, keys: Keys) -> ASGIApp:
    """The application of a server.

    Args:
        server: what is asked.
        keys: of which a request carries one.
    """
    app: ASGIApp = App(server, keys)
    if server.options.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=server.options.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("authorization", "content-type", "x-request-id"),
            expose_headers=("retry-after", "x-request-id", "x-tokens", "x-truncated"),
        )
    return app


class App:
    """Answers HTTP.

    Args:
        server, keys: as `make_app` has them.
    """

    def __init__(self, server: Server, keys: Keys) -> None:
        self._server = server
        self._keys = keys
        self._routing = Routing(routes_of(server), server.served.names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        now = asyncio.get_running_loop().time()
        call = Call(_request_id(headers), now, now + self._server.options.request_timeout)
        keep_call(scope, call)
        response = await self._response(Request(scope, receive), headers, call)
        told = MutableHeaders(raw=response.raw_headers)
        told["x-request-id"] = call.id
        if self._server.draining:
            told["connection"] = "close"
        if not call.gone:
            await response(scope, receive, send)
        self._record(scope, call, response.status_code)

    async def _response(self, request: Request, headers: Headers, call: Call) -> Response:
        try:
            async with asyncio.timeout_at(call.deadline):
                route = self._admit(request.scope, headers, call)
                return await route.handler(request)
        except ApiError as error:
            return error_response(error, call.path)
        except ClientGone:
            call.gone = True
            return Response(status_code=_GONE)
        except TimeoutError:
            return error_response(self._late(), call.path)
        except Exception:  # noqa: BLE001 - a bug of ours, which no other request should feel
            _log.exception("request %s failed", call.id)
            message = f"an error of the server, which its log has under {call.id}"
            return error_response(ApiError(500, BACKEND, message), call.path)

    def _admit(self, scope: Scope, headers: Headers, call: Call) -> Route:
        """Refuse what can be refused before any of its body is read."""
        place = self._routing.place(scope["path"])
        call.path, call.named = place.path, place.named
        if not self._routing.is_open(place.path):
            self._keys.check(headers)
        route, scope["path_params"] = self._routing.find(place, scope["method"])
        call.route = route.path
        if route.open:
            return route
        if not self._server.served.complete:
            raise ApiError(503, UNHEALTHY, "bundles are being loaded", {"retry-after": "1"})
        if route.body is not None:
            self._server.bodies.check_headers(headers)
            self._check_room(headers)
        return route

    def _check_room(self, headers: Mapping[str, str]) -> None:
        """Refuse a request that the queue would, by its length, before it is read and parsed."""
        waiting = self._server.queue.waiting_tokens
        most = self._server.options.max_waiting_tokens
        length = headers.get("content-length", "0")
        expected = int(length) // _BYTES_PER_TOKEN if length.isdecimal() else 0
        too_late = self._server.pace.seconds(waiting) > self._server.options.request_timeout
        if too_late or waiting + min(expected, most // 2) > most:
            raise self._server.overloaded(waiting)

    def _late(self) -> ApiError:
        seconds = self._server.options.request_timeout
        message = f"no answer within {seconds:g} seconds (--request-timeout): send fewer texts"
        return ApiError(504, BACKEND, message)

    def _record(self, scope: Scope, call: Call, code: int) -> None:
        seconds = asyncio.get_running_loop().time() - call.began
        self._server.metrics.answered(call.route, call.model, code, seconds)
        _log.info(
            "%s %s %d",
            scope["method"],
            call.route or "-",
            code,
            extra={
                "request_id": call.id,
                "model": call.model,
                "texts": call.texts,
                "tokens": call.tokens,
                "ms": round(1000 * seconds, 2),
            },
        )


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
