"""Servers of the tests: the application in this process, and `edgebert serve` in one of its own."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgebert.serving.app.application import make_app
from edgebert.serving.app.keys import Keys
from edgebert.serving.models import Source
from edgebert.serving.options import ServeOptions
from edgebert.serving.process.loading import load_served
from edgebert.serving.server import Server

ROOT = Path(__file__).parent.parent
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answered:
    """What came back.

    Attributes:
        headers: by their names in small letters.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The line of an error of a native route."""
        assert self.status >= 400, self.body
        told: str = self.json["error"]
        assert "\n" not in told and set(self.json) == {"error", "error_type"}
        return told


class Here:
    """The application of a server in this process, asked without a socket.

    Args:
        server: with its bundles.
        keys: of which a request carries one.
    """

    def __init__(self, server: Server, keys: Keys) -> None:
        self.server = server
        self.app = make_app(server, keys)

    def post(self, path: str, body: Any, headers: Mapping[str, str] = JSON) -> Answered:
        """Ask with JSON, or with bytes as they are."""
        given = body if isinstance(body, bytes) else json.dumps(body).encode()
        lengths = {"content-length": str(len(given))}
        return self.ask("POST", path, {**lengths, **headers}, [given])

    def get(self, path: str, headers: Mapping[str, str] = {}) -> Answered:
        return self.ask("GET", path, headers, [b""])

    def ask(
        self, method: str, path: str, headers: Mapping[str, str], chunks: list[bytes]
    ) -> Answered:
        return asyncio.run(self.answer(method, path, headers, chunks))

    async def answer(
        self, method: str, path: str, headers: Mapping[str, str], chunks: list[bytes]
    ) -> Answered:
        """Ask once, with a body that comes in pieces."""
        coming = [
            {"type": "http.request", "body": chunk, "more_body": i < len(chunks)}
            for i, chunk in enumerate(chunks, 1)
        ]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return coming.pop(0) if coming else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        }
        await self.app(scope, receive, send)
        start, *rest = sent
        told = {k.decode(): v.decode() for k, v in start["headers"]}
        return Answered(start["status"], told, b"".join(part["body"] for part in rest))


@contextmanager
def served_here(
    bundles: Mapping[str, Path], *, keys: tuple[str, ...] = (), **options: Any
) -> Iterator[Here]:
    """Bundles by name behind the application, in this process."""
    sources = [Source(name, path) for name, path in bundles.items()]
    server = Server(ServeOptions(**{"threads": 1, **options}), sources)
    for source in sources:
        served = load_served(source, server.queue)
        server.metrics.loaded(served, golden_ok=True)
        server.served.put(served)
    yield Here(server, Keys(keys))
    for served in server.served:
        served.model.close()
    server.queue.close()


class Running:
    """`edgebert serve` in a process of its own.

    Args:
        arguments: of the command, beside the port, which is any that is free.
        environment: beside that of this process.
    """

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        command = [sys.executable, "-m", "edgebert", "serve", "--port", "0", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environment,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self.log: list[str] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        listening = self.line("listening on http://")
        self.port = int(listening.rpartition(":")[2].strip('"} \n'))

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            self.log.extend(lines)

    def line(self, part: str, *, seconds: float = 60) -> str:
        """The first line of the log that has this in it, which may still have to come."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.log):
                if part in line:
                    return line
            if not self._reading.is_alive():
                break
            time.sleep(0.005)
        raise AssertionError(f"no {part!r} at the end of the log: {''.join(self.log[-20:])}")

    def until_ready(self) -> Running:
        self.line("info ready")
        return self

    def post(self, path: str, body: Any, headers: Mapping[str, str] = JSON) -> Answered:
        given = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, given, headers)

    def get(self, path: str) -> Answered:
        return self.ask("GET", path)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> Answered:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            return asked(connection, method, path, body, headers)
        finally:
            connection.close()

    def metric(self, name: str) -> float:
        """The value of a metric, its labels with its name as Prometheus writes them."""
        lines = self.get("/metrics").body.decode().splitlines()
        (found,) = [line for line in lines if line.startswith(f"{name} ")]
        return float(found.split()[-1])

    def until_some(self, name: str) -> None:
        """Wait until a metric is not 0."""
        end = time.monotonic() + 60
        while not self.metric(name):
            if time.monotonic() > end:
                raise AssertionError(f"{name} was 0 for a minute")
            time.sleep(0.001)

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        code = self.process.wait(60)
        self._reading.join(60)
        return code

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.ended()


def asked(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = {},
) -> Answered:
    """Ask on a connection that stays open."""
    connection.request(method, path, body, dict(headers))
    response = connection.getresponse()
    told = {name.lower(): value for name, value in response.getheaders()}
    return Answered(response.status, told, response.read())


@contextmanager
def running(*arguments: str | Path, **environment: str) -> Iterator[Running]:
    """A server that is ready, and is gone afterwards."""
    server = Running(*arguments, **environment)
    try:
        yield server.until_ready()
    finally:
        server.kill()
