"""Another bundle in the place of one that is being served."""

from __future__ import annotations

import asyncio
import logging

from edgebert.bundle import read_bundle
from edgebert.serving.models import ServedModel, Source
from edgebert.serving.process.loading import load_served
from edgebert.serving.server import Server

_log = logging.getLogger("edgebert.serving")
_SPARE_S = 1.0


class Swapping:
    """Replaces bundles that changed on disk; one that cannot be loaded leaves the old one.

    Args:
        server: whose.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have all bundles looked at, as soon as those that are being loaded are."""
        self._asked.set()

    async def run(self) -> None:
        """Swap whenever that is asked for."""
        async with asyncio.TaskGroup() as retiring:
            while True:
                await self._asked.wait()
                self._asked.clear()
                for served in list(self._server.served):
                    before = await self._swap(served)
                    if before is not None:
                        retiring.create_task(self._retire(before))

    async def _swap(self, served: ServedModel) -> ServedModel | None:
        """Put what is on disk now in the place of what was; gives what was."""
        server, name = self._server, served.name
        source = server.served.source(name)
        try:
            if read_bundle(source.path).sha256 == served.model.bundle.sha256:
                _log.info("swap of %s: %s is unchanged", name, source.path)
                server.metrics.swapped(name, "unchanged")
                return None
            new = await asyncio.to_thread(load_served, source, server.queue)
        except Exception as error:  # noqa: BLE001 - whatever it is, the bundle before still answers
            self._failed(source, error)
            return None
        server.metrics.loaded(new, golden_ok=True)
        server.metrics.swapped(name, "replaced")
        _log.info(
            "swap of %s: %s answers, in place of %s", name, new.fingerprint, served.fingerprint
        )
        before = server.served.put(new)
        await asyncio.to_thread(server.drift.watch, new)
        return before

    def _failed(self, source: Source, error: Exception) -> None:
        line = " ".join(str(error).split())
        _log.error("swap of %s failed, and the bundle before still answers: %s", source.name, line)
        self._server.metrics.swapped(source.name, "failed")

    async def _retire(self, served: ServedModel) -> None:
        """Close a bundle when nobody can wait for an answer of it any more."""
        await asyncio.sleep(self._server.options.request_timeout + _SPARE_S)
        await asyncio.to_thread(served.model.close)
