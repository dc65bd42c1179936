"""HTTP by hand: what no client would send, and what comes back."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

TIMEOUT_S = 30
JSON = "application/json"


@dataclass(frozen=True)
class Told:
    """An answer.

    Attributes:
        code: of HTTP.
        headers: by names in lower case.
        body: as it came.
    """

    code: int
    headers: dict[str, str]
    body: bytes

    def value(self) -> Any:
        return json.loads(self.body)

    def line(self) -> str:
        """What is said to a person who was refused; empty where it is no JSON or no line.

        TEI's errors have it as `error`, OpenAI's as `error.message`.
        """
        try:
            error = self.value()["error"]
        except (ValueError, KeyError, TypeError):
            return ""
        line = error["message"] if isinstance(error, dict) else error
        return line if isinstance(line, str) and "\n" not in line else ""


def connected(port: int) -> socket.socket:
    """An open connection."""
    return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)


def post(path: str, body: bytes, media_type: str | None = JSON, *headers: str) -> bytes:
    """The bytes of a request."""
    return request("POST", path, body, media_type, *headers)


def request(
    method: str, path: str, body: bytes = b"", media_type: str | None = None, *headers: str
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {media_type}"] if media_type else []
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def chunked(path: str, chunks: Sequence[bytes]) -> bytes:
    """A request whose length is not told before."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON}\r\n"
    sent = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b"")]
    return (head + "Transfer-Encoding: chunked\r\n\r\n").encode() + b"".join(sent)


def sent(port: int, message: bytes) -> Told | None:
    """The answer to a message; None where the connection was closed without one."""
    with connected(port) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was read
            connection.sendall(message)
        return told(connection)


def told(connection: socket.socket) -> Told | None:
    """The next answer on a connection."""
    with connection.makefile("rb") as stream:
        try:
            status = stream.readline()
            if not status:
                return None
            headers = dict(_headers(stream))
            body = stream.read(int(headers.get("content-length", 0)))
        except ConnectionResetError:
            return None
    return Told(int(status.split()[1]), headers, body)


def _headers(stream: Any) -> Any:
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        yield name.lower(), value.strip()
