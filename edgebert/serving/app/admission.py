"""Who is let in: refused is what can be before any of a body is read."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import Scope

from edgebert.records.profile import TOKENS_PER_RUN
from edgebert.serving.app.keys import Keys
from edgebert.serving.app.routing import Routing
from edgebert.serving.calls import Call
from edgebert.serving.errors import UNHEALTHY, ApiError
from edgebert.serving.routes import routes_of
from edgebert.serving.routes.route import Route
from edgebert.serving.server import Server

_BYTES_PER_TOKEN = 4
"""Of English text; where a token has fewer, the queue refuses what was let in."""

_WAITING = 0.5
"""Of the time of a request: one that waits longer for its turn might be given up before its end."""


class Admission:
    """Finds the route of a request, and lets it in.

    Args:
        server: what is asked.
        keys: of which a request carries one.
    """

    def __init__(self, server: Server, keys: Keys) -> None:
        self._server = server
        self._keys = keys
        self._routing = Routing(routes_of(server), server.served.names)

    def route_of(self, scope: Scope, headers: Headers, call: Call) -> Route:
        """The route of a request.

        Raises:
            ApiError: 401 no key, 404 no such path, 405 no such method, 413 too large a body, 415
                not JSON, 429 no room, 503 bundles are being loaded.
        """
        place = self._routing.place(scope["path"])
        call.path, call.named = place.path, place.named
        if not self._routing.is_open(place.path):
            self._keys.check(headers)
        route, scope["path_params"] = self._routing.find(place, scope["method"])
        call.route, call.quiet = route.path, route.open
        if route.open:
            return route
        if not self._server.served.complete:
            raise ApiError(503, UNHEALTHY, "bundles are being loaded", {"retry-after": "1"})
        if route.body is not None:
            self._server.bodies.check_headers(headers)
            self._check_room(headers)
        return route

    def _check_room(self, headers: Headers) -> None:
        """Refuse a request that the queue would, by its length, before it is read and parsed.

        And one whose turns would come too late: until all of its own tokens are read, each of the
        others has as many of them read at most, or a run. One large request keeps no small one out.
        """
        waiting = self._server.queue.waiting_tokens
        most = self._server.options.max_waiting_tokens
        length = headers.get("content-length", "0")
        expected = int(length) // _BYTES_PER_TOKEN if length.isdecimal() else 0
        before = min(waiting, self._server.waiting_requests * max(expected, TOKENS_PER_RUN))
        latest = _WAITING * self._server.options.request_timeout
        too_late = self._server.pace.seconds(before) > latest
        if too_late or waiting + min(expected, most // 2) > most:
            raise self._server.overloaded(waiting)
