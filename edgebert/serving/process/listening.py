"""The socket that is listened on, and uvicorn on it."""

from __future__ import annotations

import asyncio
import math
import os
import socket
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from edgebert.errors import InputError
from edgebert.serving.options import ServeOptions
from edgebert.serving.process.connection import connection_of

_BACKLOG = 2048
_KEEP_ALIVE_S = 75
"""Longer than the 60 seconds after which most proxies give up a connection: else they would send a
request on one that is just being closed here."""

_LAST_LOOK_S = 0.5
"""What clients have sent by the end of listening is read within this time, and answered."""


class Listener(uvicorn.Server):
    """uvicorn that leaves signals to us: it would end by raising them again."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Take none."""
        return nullcontext()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End with all requests that were sent answered.

        uvicorn would reset connections that wait to be accepted, and close those whose request
        was not read yet.
        """
        listening = sockets or []
        for one in listening:
            await self._accept_all(one)
        for server in self.servers:
            server.close()
        for one in listening:
            one.close()
        until = time.monotonic() + _LAST_LOOK_S
        while self.server_state.connections and time.monotonic() < until and not self.force_exit:
            await asyncio.sleep(_LAST_LOOK_S / 10)
        await super().shutdown(sockets)

    async def _accept_all(self, listening: socket.socket) -> None:
        """Take the connections that the system has made and nobody has accepted yet."""
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        with suppress(OSError):  # there is none left, or no room for another
            while True:
                connection, _address = listening.accept()
                connection.setblocking(False)
                await loop.connect_accepted_socket(self._connection, connection)

    def _connection(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol


def listener(app: ASGIApp, options: ServeOptions) -> Listener:
    """What answers connections."""
    config = uvicorn.Config(
        app,
        http=connection_of(options.request_timeout),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # nobody asks where a request came from
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, math.ceil(options.grace)),
    )
    return Listener(config)


def listen(host: str, port: int) -> socket.socket:
    """Take a port.

    Raises:
        InputError: somebody else has it, or the host is none of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        errno = getattr(error, "errno", None)
        why = os.strerror(errno) if errno and errno > 0 else str(error)
        raise InputError(
            f"cannot listen on {host} port {port}: {why}. Choose another --port or --host"
        ) from error


def url_of(listening: socket.socket) -> str:
    """Where a socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def allow_many_connections() -> None:
    """Open as many files as the system lets this process: a connection is one."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
