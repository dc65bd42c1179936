"""A connection that ends when its client keeps it waiting, and drops what nobody waits for."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edgebert.serving.calls import call_in

_SPARE_S = 1.0
"""After the time of a request: until then a client is told that its body did not come."""

_READ_BYTES = 65_536
"""Of an answer, which a client has to read within the time of a request to be given more time."""

_HEAD_BYTES = 65_536
"""Of request line and headers, which are kept until all of them came."""


def connection_of(request_timeout: float) -> type[HttpToolsProtocol]:
    """The connections of a server.

    Args:
        request_timeout: seconds within which all of a request has to come.
    """

    class Connection(HttpToolsProtocol):
        """uvicorn's, which would wait forever for a first request, and for the rest of one."""

        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            self._coming = False
            self._head_bytes = 0
            self._overdue: asyncio.TimerHandle | None = None
            self._reading: asyncio.TimerHandle | None = None
            self._unread = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

        def on_message_begin(self) -> None:
            self._coming, self._head_bytes = True, 1
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self._head_bytes = 0
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._coming = False
            super().on_message_complete()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._head_bytes:
                self._head_bytes += len(data)
                if self._head_bytes > _HEAD_BYTES:
                    self.send_400_response("The headers are too large.")
            if self._coming and self._overdue is None:
                self._overdue = self.loop.call_later(request_timeout + _SPARE_S, self._give_up)
            elif not self._coming:
                self._all_came()

        def connection_lost(self, exc: Exception | None) -> None:
            self._all_came()
            self._stop_seeing()
            if self.cycle is not None and not self.cycle.response_complete:
                call = call_in(self.cycle.scope)  # type: ignore[arg-type]  # both are dicts
                if call is not None:
                    call.abandon()
            super().connection_lost(exc)

        def timeout_keep_alive_handler(self) -> None:
            self._give_up()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._unread = self.transport.get_write_buffer_size()
            self._reading = self.loop.call_later(request_timeout, self._see_it_read)

        def resume_writing(self) -> None:
            self._stop_seeing()
            super().resume_writing()

        def _see_it_read(self) -> None:
            """Give up a client that hardly reads its answer."""
            unread = self.transport.get_write_buffer_size()
            if unread > self._unread - _READ_BYTES:
                self._give_up()
                return
            self._unread = unread
            self._reading = self.loop.call_later(request_timeout, self._see_it_read)

        def _stop_seeing(self) -> None:
            if self._reading is not None:
                self._reading.cancel()
                self._reading = None

        def _all_came(self) -> None:
            if self._overdue is not None:
                self._overdue.cancel()
                self._overdue = None

        def _give_up(self) -> None:
            """Close without waiting for what was not read yet."""
            self.transport.abort()

    return Connection
