"""The socket that is listened on, and uvicorn on it."""

from __future__ import annotations

import math
import os
import socket
from contextlib import AbstractContextManager, nullcontext, suppress

import uvicorn
from starlette.types import ASGIApp

from edgebert.errors import InputError
from edgebert.serving.options import ServeOptions
from edgebert.serving.process.connection import connection_of

_BACKLOG = 2048
_KEEP_ALIVE_S = 75
"""Longer than the 60 seconds after which most proxies give up a connection: else they would send a
request on one that is just being closed here."""


class Listener(uvicorn.Server):
    """uvicorn that leaves signals to us: it would end by raising them again."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Take none."""
        return nullcontext()


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
