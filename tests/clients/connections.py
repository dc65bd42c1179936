"""Clients that are slow, gone, too many or idle, and a bundle that is taken away."""

from __future__ import annotations

import json
import resource
import shutil
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from clients.questions import REAL, TEXT, TEXTS
from clients.raw import connected, post, request, sent, told
from clients.served import WORK, Process, serving, start

IDLE = 10_000
_SPARE_FILES = 500
_PATH = f"/models/{REAL}/embed"


def _good() -> bytes:
    return post(_PATH, json.dumps({"inputs": TEXT}).encode())


def slow_clients_are_answered(server: Process, expected: bytes) -> Iterator[str]:
    """A body that comes byte by byte, beside requests that are answered at once."""
    message = _good()
    with connected(server.port) as slow:
        for place in range(len(message)):
            slow.sendall(message[place : place + 1])
            if place % 40 == 0:
                answer = sent(server.port, message)
                if answer is None or answer.body != expected:
                    yield f"beside a slow client: {answer}"
            time.sleep(0.002)
        answer = told(slow)
    if answer is None or answer.body != expected:
        yield f"to a slow client: {answer}"


def lost_clients_harm_nobody(server: Process, expected: bytes) -> Iterator[str]:
    """Half a head, half a body, or a whole request whose answer nobody waits for."""
    whole = post(_PATH, json.dumps({"inputs": TEXTS * 6}).encode())
    for _ in range(50):
        for part in (whole[:30], whole[: len(whole) // 2], whole):
            with connected(server.port) as lost:
                lost.sendall(part)
                if part is whole:  # and its end is told by a reset
                    lost.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    began = time.monotonic()
    answer = sent(server.port, _good())
    if answer is None or answer.body != expected:
        yield f"after lost clients: {answer}"
    if time.monotonic() - began > 5:
        yield f"after lost clients an answer took {time.monotonic() - began:.1f} s"
    if waiting := _waiting_tokens(server):
        yield f"after lost clients {waiting:.0f} tokens wait"


def _waiting_tokens(server: Process) -> float:
    page = sent(server.port, request("GET", "/metrics"))
    lines = page.body.decode().splitlines() if page else []
    found = [line for line in lines if line.startswith("edgebert_queue_tokens")]
    return sum(float(line.rpartition(" ")[2]) for line in found)


def half_sent_bodies_are_given_up(server: Process, timeout_s: float) -> Iterator[str]:
    """Half a body, or half a head, is given up once the time of a request is over."""
    message = _good()
    with connected(server.port) as body, connected(server.port) as head:
        body.sendall(message[:-5])
        head.sendall(message[:30])
        answers = {"a body": told(body), "a head": told(head)}
    for what, answer in answers.items():
        if answer is not None and answer.code != 408:
            yield f"half of {what}: {answer.code} after {timeout_s} s"


def idle_connections_are_borne(
    server: Process, expected: bytes, figures: dict[str, float]
) -> Iterator[str]:
    """As many as the limit of open files lets, and then requests as before."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    number = min(IDLE, most - _SPARE_FILES)
    before = server.rss_mb()
    with ExitStack() as opened:
        for _ in range(number):
            opened.enter_context(connected(server.port))
        answer = sent(server.port, _good())
        figures["idle connections"] = number
        figures["MB for them"] = server.rss_mb() - before
    if answer is None or answer.body != expected:
        yield f"beside {number} idle connections: {answer}"
    answer = sent(server.port, _good())
    if answer is None or answer.body != expected:
        yield f"after {number} idle connections: {answer}"


def a_deleted_bundle_is_still_answered(bundle: Path) -> Iterator[str]:
    """What was loaded goes on; a swap of what is gone leaves it, and says so."""
    copy = WORK / "deleted"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(bundle, copy)
    message = post("/embed", json.dumps({"inputs": TEXT}).encode())
    with serving({"deleted": copy}, "--drain", "0", name="deleted") as server:
        before = sent(server.port, message)
        shutil.rmtree(copy)
        if before is None or before.code != 200:
            yield f"a bundle that is to be deleted: {before}"
            return
        for what in ("deleted", "deleted, and to be loaded anew"):
            again = sent(server.port, message)
            if again is None or again.body != before.body:
                yield f"a bundle that is {what}: {again}"
            server.hang_up()
        if "deleted" not in server.said():
            yield f"nothing is said of a deleted bundle: {server.said()[-500:]}"


def a_port_in_use_is_told(server: Process, bundle: Path) -> Iterator[str]:
    """One line, exit 1, and the server that has the port goes on."""
    second = start({"second": bundle}, name="second", port=server.port)
    code = second.process.wait(60)
    lines = second.said().strip().splitlines()
    if code != 1 or str(server.port) not in lines[-1] or "Traceback" in second.said():
        yield f"a port in use: exit {code}, {second.said()[-500:]}"
    if not server.is_live():
        yield "a port in use: the first server is gone"
