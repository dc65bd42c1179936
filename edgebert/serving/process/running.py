"""A server from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import prometheus_client

from edgebert.bundle import open_bundle
from edgebert.errors import InputError
from edgebert.serving.app.application import make_app
from edgebert.serving.app.keys import Keys
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
from edgebert.serving.process.swapping import Swapping
from edgebert.serving.server import Server

_log = logging.getLogger("edgebert.serving")
_SWITCH_S = 0.0002
"""How long a thread keeps the interpreter: one that tokenizes for 5 ms would hold up all answers.
At 8 connections this gives 1.2 to 1.5 times as many answers."""


def serve(options: ServeOptions, sources: Sequence[Source]) -> None:
    """Serve bundles until a signal ends it, in a process of its own.

    It takes SIGTERM, SIGINT and SIGHUP, and leaves the first two ignored.

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
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # half of all lines
    server = Server(options, sources)
    with listen(options.host, options.port) as listening:
        sys.setswitchinterval(_SWITCH_S)
        allow_many_connections()
        uvicorn = listener(make_app(server, keys), options)
        with asyncio.Runner(loop_factory=uvicorn.config.get_loop_factory()) as runner:
            runner.run(_Life(server, uvicorn).run(listening))


class _Life:
    """From loading to the last answer."""

    def __init__(self, server: Server, uvicorn: Listener) -> None:
        self._server = server
        self._uvicorn = uvicorn
        self._swapping = Swapping(server)
        self._ending, self._hurry = asyncio.Event(), asyncio.Event()

    async def run(self, listening: socket.socket) -> None:
        self._take_signals()
        answering = asyncio.create_task(self._uvicorn.serve(sockets=[listening]))
        _log.info("listening on %s", url_of(listening))
        try:
            await self._until_ended()
        finally:
            self._server.draining = True
            self._uvicorn.should_exit = True
            await answering
            await asyncio.to_thread(self._close)
            _ignore_signals()  # all is done: the exit code is 0, whatever comes now
        _log.info("ended")

    def _take_signals(self) -> None:
        _take_signal(signal.SIGTERM, self._end)
        _take_signal(signal.SIGINT, self._end)
        if hasattr(signal, "SIGHUP"):  # not on Windows, where nothing is swapped
            _take_signal(signal.SIGHUP, self._swapping.ask)

    def _end(self) -> None:
        """End after all answers; asked again, at once."""
        if self._ending.is_set():
            self._hurry.set()
            self._uvicorn.force_exit = True
        self._server.draining = True
        self._ending.set()

    async def _until_ended(self) -> None:
        ending = asyncio.create_task(self._ending.wait())
        loading = asyncio.create_task(self._load())
        await asyncio.wait((ending, loading), return_when=asyncio.FIRST_COMPLETED)
        if not loading.done():
            loading.cancel()
            return
        loading.result()  # raises what kept a bundle from being loaded
        beside = asyncio.create_task(self._watch_and_swap())
        await ending
        beside.cancel()
        _log.info("draining: not ready from now on, ending in %g s", self._server.options.drain)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), self._server.options.drain)

    async def _load(self) -> None:
        server = self._server
        for source in server.served.sources:
            served = await asyncio.to_thread(load_served, source, server.queue)
            server.metrics.loaded(served, golden_ok=True)
            server.served.put(served)
            _log.info("%s is %s of %s", served.name, served.fingerprint, source.path)
        _log.info("ready")

    async def _watch_and_swap(self) -> None:
        for served in self._server.served:
            await asyncio.to_thread(self._server.drift.watch, served)
        await self._swapping.run()

    def _close(self) -> None:
        self._server.drift.close()
        for served in self._server.served:
            served.model.close()
        self._server.queue.close()


def _take_signal(number: signal.Signals, act: Callable[[], None]) -> None:
    """Have a signal do something in the running loop."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # of Windows' loops
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))


def _ignore_signals() -> None:
    """Ignore what would end the process; the loop would put back the default when it is closed."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_IGN)
