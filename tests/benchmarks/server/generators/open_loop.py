"""Requests at their time, whatever became of those before.

A generator that waits for answers, as wrk does, never asks more than a server can do. This one has a time
for each request, opens another connection where all are waiting, and counts the time of an answer from when
the request was due. It runs as a process of its own, `python -m benchmarks.server.generators.open_loop < PLAN`, which
tells what came of each request as a line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field
from itertools import cycle
from typing import Any

import uvloop

from benchmarks.server.generators.outcomes import LOST, REFUSED, UNANSWERED, Sent, Stage

_PATIENCE_S = 40.0
_SOON_S = 0.0005
_FAREWELL_S = 0.02
"""In which connections are closed: uvloop waits without end for those that are open."""

_BURST = 16
"""Requests that are due are sent so many at a time, between which answers are read."""


@dataclass
class _Request:
    """One on its way."""

    message: bytes
    status: asyncio.Future[int]


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time on it."""

    def __init__(self, idle: list[_Connection]) -> None:
        self._idle = idle
        self._transport: asyncio.Transport | None = None
        self._request: _Request | None = None
        self._head = bytearray()
        self._left: int | None = None
        self._closes = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def has_said_nothing(self) -> bool:
        """Of the request that is on it."""
        return not self._head

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def ask(self, request: _Request) -> None:
        assert self._transport is not None
        self._request = request
        self._transport.write(request.message)

    def data_received(self, data: bytes) -> None:
        if self._left is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            length, self._closes = _read_head(bytes(self._head[:end]))
            self._left = length - (len(self._head) - end - 4)
        else:
            self._left -= len(data)
        if self._left <= 0:
            self._answered(int(self._head[9:12]))

    def _answered(self, status: int) -> None:
        request, self._request, self._left = self._request, None, None
        self._head.clear()
        if self._closes:
            self.close()
        else:
            self._idle.append(self)
        if request is not None and not request.status.done():
            request.status.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        request, self._transport = self._request, None
        if request is not None and not request.status.done():
            request.status.set_result(LOST)


def _read_head(head: bytes) -> tuple[int, bool]:
    """The length of what follows, and whether the connection ends with it."""
    lines = [line.strip() for line in head.lower().split(b"\r\n")]
    lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
    return (lengths or [0])[0], b"connection: close" in lines


@dataclass
class _Generator:
    port: int
    messages: tuple[bytes, ...]
    sent: list[Sent] = field(default_factory=list)
    _idle: list[_Connection] = field(default_factory=list)

    async def run(self, stages: Sequence[Stage]) -> None:
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()
        start, messages = loop.time(), cycle(self.messages)
        for number, (stage, due_s) in enumerate(due_times(stages)):
            if (wait := start + due_s - loop.time()) > _SOON_S:
                await asyncio.sleep(wait)
            elif number % _BURST == 0:
                await asyncio.sleep(0)
            tasks.add(task := loop.create_task(self._send(stage, start, due_s, next(messages))))
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        for connection in self._idle:
            connection.close()
        await asyncio.sleep(_FAREWELL_S)

    async def _send(self, stage: int, start: float, due_s: float, message: bytes) -> None:
        connection = self._free()
        reused = connection is not None
        status, connection = await self._ask(connection, message)
        again = reused and status == LOST and connection is not None and connection.has_said_nothing
        if again:  # closed while it was idle: clients then ask once more
            status, _ = await self._ask(None, message)
        waited_s = asyncio.get_running_loop().time() - start - due_s
        self.sent.append(Sent(stage, round(due_s, 6), round(waited_s, 6), status, again))

    async def _ask(
        self, connection: _Connection | None, message: bytes
    ) -> tuple[int, _Connection | None]:
        request = _Request(message, asyncio.get_running_loop().create_future())
        try:
            connection = connection or await self._connect()
        except OSError:
            return REFUSED, None
        connection.ask(request)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await request.status, connection
        except TimeoutError:
            return UNANSWERED, connection

    def _free(self) -> _Connection | None:
        while self._idle:
            if (connection := self._idle.pop()).is_open:
                return connection
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            lambda: _Connection(self._idle), "127.0.0.1", self.port
        )
        return connection


def due_times(stages: Sequence[Stage]) -> Iterator[tuple[int, float]]:
    """The stage of each request, and its time from the start of the first stage."""
    begin = 0.0
    for number, stage in enumerate(stages):
        for place in range(round(stage.seconds * stage.rate)):
            yield number, begin + place / stage.rate
        begin += stage.seconds


def message_of(path: str, body: str) -> bytes:
    """A request as it goes over the wire."""
    data = body.encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def send(port: int, messages: Sequence[bytes], stages: Sequence[Stage]) -> list[Sent]:
    """Send requests to a port of this machine.

    Args:
        port: that is asked.
        messages: in turn.
        stages: one after the other.

    Returns:
        What came of each, in the order of their ends.
    """
    generator = _Generator(port, tuple(messages))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(generator.run(stages))
    return generator.sent


def main() -> None:
    """Read a plan, say that it begins, and tell what came of it."""
    plan: dict[str, Any] = json.loads(sys.stdin.readline())
    messages = [message_of(plan["path"], body) for body in plan["bodies"]]
    print("begun", flush=True)
    for sent in send(plan["port"], messages, [Stage(*each) for each in plan["stages"]]):
        print(json.dumps(astuple(sent)))


if __name__ == "__main__":
    main()
