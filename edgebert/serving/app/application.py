"""Each request admitted, answered, counted and logged, in one place."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edgebert.serving.app.admission import Admission
from edgebert.serving.app.keys import Keys
from edgebert.serving.calls import Call, keep_call
from edgebert.serving.errors import BACKEND, UNHEALTHY, ApiError, error_response
from edgebert.serving.reading import ClientGone
from edgebert.serving.server import Server

_log = logging.getLogger("edgebert.serving")
_SANE_ID = re.compile(r"[\w.:/+=@-]{1,128}", re.ASCII)
_TOLD = (
    "retry-after",
    "x-normalized",
    "x-request-id",
    "x-tokens",
    "x-truncated",
    "x-truncated-texts",
)
"""Headers that scripts of other origins may read."""

_GONE = 499
"""The code of a request whose client left, as nginx writes it into its log."""

_READ_AT_ONCE = 65_536
"""Bytes of an answer that the system takes from us, whether the client reads them or not."""


def make_app(server: Server, keys: Keys) -> ASGIApp:
    """The application of a server.

    Args:
        server: what is asked.
        keys: of which a request carries one.
    """
    app: ASGIApp = App(server, Admission(server, keys))
    if server.options.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=server.options.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("authorization", "content-type", "x-request-id"),
            expose_headers=_TOLD,
        )
    return app


class App:
    """Answers HTTP.

    Args:
        server: what is asked.
        admission: lets requests in.
    """

    def __init__(self, server: Server, admission: Admission) -> None:
        self._server = server
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        call = Call(_request_id(headers), began=time.perf_counter())
        keep_call(scope, call)
        try:
            response = await self._response(Request(scope, receive), headers, call)
            self._tell(response, call)
            self._record(scope, call, _GONE if call.gone else response.status_code)
            if not call.gone:
                await self._send(response, call, send)
        finally:
            self._server.bodies.release(call)
        self._server.drift.answered(call.asked)

    async def _response(self, request: Request, headers: Headers, call: Call) -> Response:
        try:
            async with asyncio.timeout(self._server.options.request_timeout):
                route = self._admission.route_of(request.scope, headers, call)
                return await route.handler(request)
        except ApiError as error:
            return error_response(error, call.path)
        except ClientGone:
            call.gone = True
            return Response()
        except asyncio.CancelledError:  # the time for the last answers is over
            message = "the server ended before there was an answer"
            return error_response(ApiError(503, UNHEALTHY, message), call.path)
        except TimeoutError:
            return error_response(self._late(call), call.path)
        except Exception:  # noqa: BLE001 - a bug of ours, which no other request should feel
            _log.exception("request %s failed", call.id)
            message = f"an error of the server, which its log has under {call.id}"
            return error_response(ApiError(500, BACKEND, message), call.path)

    async def _send(self, response: Response, call: Call, send: Send) -> None:
        """Send an answer; a large one is counted as kept until it was read."""
        body, status = bytes(response.body), response.status_code
        await send(
            {"type": "http.response.start", "status": status, "headers": response.raw_headers}
        )
        if len(body) > _READ_AT_ONCE:
            self._server.bodies.keep_answer(len(body), call)
            await send({"type": "http.response.body", "body": body, "more_body": True})
            body = b""  # it is sent when what was before is read
        await send({"type": "http.response.body", "body": body})

    def _tell(self, response: Response, call: Call) -> None:
        """Name the request, and have the client leave a server that is about to end."""
        told = MutableHeaders(raw=response.raw_headers)
        told["x-request-id"] = call.id
        if self._server.draining:
            told["connection"] = "close"

    def _late(self, call: Call) -> ApiError:
        seconds = f"within {self._server.options.request_timeout:g} seconds (--request-timeout)"
        if not call.read:
            return ApiError(408, BACKEND, f"the body did not come {seconds}")
        return ApiError(504, BACKEND, f"there was no answer {seconds}: send fewer texts")

    def _record(self, scope: Scope, call: Call, code: int) -> None:
        seconds = time.perf_counter() - call.began
        self._server.metrics.answered(call.route, call.model, code, seconds)
        if call.quiet and code < 400:
            return
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
                "ms": round(1000 * seconds, 1),
            },
        )


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
