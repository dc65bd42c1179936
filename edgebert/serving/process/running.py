"""A server from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Sequence

from edgebert.bundle import open_bundle
from edgebert.errors import InputError
from edgebert.serving.app import make_app
from edgebert.serving.keys import Keys
from edgebert.serving.models import Source
from edgebert.serving.options import ServeOptions
from edgebert.serving.process.listening import (
    Listener,
    allow_many_connections,
    listen,
    listener,
    url_of,
)
from edgebert.serving.process.loading import load_served
from edgebert.serving.process.logs import log_to_stderr
from edgebert.serving.server import Server

_log = logging.getLogger("edgebert.serving")
_SWITCH_S = 0.0002
"""How long a thread keeps the interpreter: one that tokenizes for 5 ms would hold up all answers.
At 8 connections this gives 1.2 to 1.5 times as many answers."""


def serve(options: ServeOptions, sources: Sequence[Source]) -> None:
    """Serve bundles until a signal ends it.

    Args:
        options: how.
        sources: what.

    Raises:
        EdgebertError: an option or a bundle cannot be used, or the port is taken.
    """
    if options.is_open:
        raise InputError(
            f"--host {options.host} lets other machines ask: give --api-key-file FILE, or --no-auth "
            "to let anybody"
        )
    keys = Keys.of_file(options.api_key_file) if options.api_key_file else Keys()
    for source in sources:
        open_bundle(source.path)  # before a port is taken for nothing
    log_to_stderr(options.log_format)
    with listen(options.host, options.port) as listening:
        sys.setswitchinterval(_SWITCH_S)
        allow_many_connections()
        server = Server(options, sources)
        uvicorn = listener(make_app(server, keys), options)
        with asyncio.Runner(loop_factory=uvicorn.config.get_loop_factory()) as runner:
            runner.run(_Life(server, uvicorn).run(listening))


class _Life:
    """From loading to the last answer."""

    def __init__(self, server: Server, uvicorn: Listener) -> None:
        self._server = server
        self._uvicorn = uvicorn
        self._ending = asyncio.Event()

    async def run(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        answering = asyncio.create_task(self._uvicorn.serve(sockets=[listening]))
        _log.info("listening on %s", url_of(listening))
        try:
            await self._until_ended()
        finally:
            self._uvicorn.should_exit = True
            await answering
            for served in self._server.served:
                served.model.close()
            self._server.queue.close()
        _log.info("ended")

    def _end(self) -> None:
        if self._ending.is_set():
            self._uvicorn.force_exit = True
        self._server.draining = True
        self._ending.set()

    async def _until_ended(self) -> None:
        for source in self._server.served.sources:
            served = await asyncio.to_thread(load_served, source, self._server.queue)
            self._server.served.put(served)
            self._server.metrics.loaded(served, golden_ok=True)
        _log.info("ready: %s", ", ".join(self._server.served.names))
        await self._ending.wait()
        await asyncio.sleep(self._server.options.drain)
