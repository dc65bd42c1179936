"""A server's life: it starts, swaps bundles and ends without losing an answer."""

from __future__ import annotations

import asyncio
import http.client
import importlib.util
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from served import JSON, ROOT, Answered, Running, asked, running
from starlette.responses import PlainTextResponse

from edgebert.cli import main
from edgebert.runtimes import load
from edgebert.serving.options import ServeOptions
from edgebert.serving.process.listening import listen, listener

BODY = json.dumps({"inputs": "turn the lamp on"}).encode()
CLIENTS = 6
MANY_TEXTS = [f"turn lamp {number} on " * 12 for number in range(1024)]
"""Which take some time: equal texts would run once."""


class Load:
    """Clients that ask one thing after another on connections that stay open, until each may stop.

    Args:
        server: whom they ask.
        last: whether an answer is a client's last.
    """

    def __init__(self, server: Running, last: Callable[[Answered], bool]) -> None:
        self.answers: list[Answered] = []
        self.lost: list[Exception] = []
        self._server, self._last = server, last
        self._threads = [threading.Thread(target=self._ask) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=60)
        try:
            while True:
                answered = asked(connection, "POST", "/embed", BODY, JSON)
                self.answers.append(answered)
                if self._last(answered):
                    return
        except (OSError, http.client.HTTPException) as error:
            self.lost.append(error)
        finally:
            connection.close()

    def asked_more(self, times: int) -> None:
        """Wait until so many more were answered."""
        until = len(self.answers) + times
        while len(self.answers) < until and any(thread.is_alive() for thread in self._threads):
            time.sleep(0.005)

    def ended(self) -> list[Answered]:
        """All answers; none was lost."""
        for thread in self._threads:
            thread.join(60)
        assert self.lost == []
        return self.answers


def vector(answered: Answered) -> bytes:
    assert answered.status == 200, answered.body
    return np.array(answered.json[0], np.float32).tobytes()


def test_a_signal_to_end_loses_no_answer(tiny_bundle: Path) -> None:
    with running(f"m={tiny_bundle}", "--drain", "0.3") as server:
        load_on = Load(server, lambda answered: answered.headers.get("connection") == "close")
        load_on.asked_more(100)
        server.tell(signal.SIGTERM)
        answers = load_on.ended()
        assert server.ended() == 0
    expected = load(tiny_bundle).embed("turn the lamp on").tobytes()
    assert {vector(answered) for answered in answers} == {expected}
    assert "info ended\n" in server.log[-1]
    assert not any("error" in line for line in server.log)


def test_what_was_accepted_is_answered_after_the_end_of_listening(tiny_bundle: Path) -> None:
    with running(f"m={tiny_bundle}", "--drain", "0", "--threads", "1") as server:
        body = json.dumps({"inputs": MANY_TEXTS}).encode()
        answers: list[Answered] = []
        asking = threading.Thread(target=lambda: answers.append(server.post("/embed", body)))
        asking.start()
        server.until_some("edgebert_queue_tokens")
        server.tell(signal.SIGINT)
        asking.join(60)
        assert server.ended() == 0
    (answered,) = answers
    assert (answered.status, len(answered.json)) == (200, 1024)


def test_what_was_sent_before_the_end_is_answered_though_nobody_had_read_it() -> None:
    listening = listen("127.0.0.1", 0)
    uvicorn = listener(PlainTextResponse("here"), ServeOptions())
    address = listening.getsockname()
    connections: list[socket.socket] = []

    async def end() -> None:
        serving = asyncio.create_task(uvicorn.serve(sockets=[listening]))
        while not uvicorn.started:
            await asyncio.sleep(0.01)
        connections.extend(socket.create_connection(address, timeout=60) for _ in range(8))
        await asyncio.sleep(0.1)  # these are accepted, and others will not be
        connections.extend(socket.create_connection(address, timeout=60) for _ in range(8))
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await uvicorn.shutdown([listening])
        serving.cancel()

    with asyncio.Runner(loop_factory=uvicorn.config.get_loop_factory()) as runner:
        runner.run(end())
    answers = [everything_of(connection) for connection in connections]
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 16


@pytest.fixture
def current(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A folder that stands for the bundle of the day."""
    folder = tmp_path / "current"
    folder.symlink_to(tiny_bundle)
    return folder


def put(bundle: Path, current: Path) -> None:
    beside = current.with_name("next")
    beside.symlink_to(bundle)
    beside.rename(current)


def test_a_swap_loses_no_answer_and_a_damaged_bundle_is_not_swapped_in(
    tiny_bundle: Path, tiny_int8: Path, current: Path, tmp_path: Path
) -> None:
    before, after = (
        load(path).embed("turn the lamp on").tobytes() for path in (tiny_bundle, tiny_int8)
    )
    damaged = shutil.copytree(tiny_bundle, tmp_path / "damaged")
    with (damaged / "model.onnx").open("r+b") as model:
        model.seek(-9, 2)
        model.write(b"\x00damaged\x00")
    done = threading.Event()
    with running(f"m={current}") as server:
        load_on = Load(server, lambda answered: done.is_set())
        load_on.asked_more(50)
        server.tell(signal.SIGHUP)
        server.line("is unchanged")
        put(tiny_int8, current)
        server.tell(signal.SIGHUP)
        server.line("answers, in place of")
        swapped = vector(server.post("/embed", BODY))
        load_on.asked_more(50)
        put(damaged, current)
        server.tell(signal.SIGHUP)
        failed = server.line("swap of m failed")
        load_on.asked_more(50)
        done.set()
        answers = load_on.ended()
        results = [
            server.metric(f'edgebert_swaps_total{{model="m",result="{result}"}}')
            for result in ("unchanged", "replaced", "failed")
        ]
        info = server.get("/metrics").body.decode().count("edgebert_bundle_info{")
        shutil.rmtree(damaged)
        current.unlink()
        deleted = vector(server.post("/embed", BODY))
    assert "error" in failed and "the bundle before still answers" in failed
    assert {vector(answered) for answered in answers} == {before, after}
    assert (swapped, vector(answers[-1]), deleted) == (after, after, after)
    assert (results, info) == ([1, 1, 1], 1)


def test_a_client_that_does_not_go_on_is_given_up_and_holds_up_nobody(tiny_bundle: Path) -> None:
    with running(f"m={tiny_bundle}", "--request-timeout", "0.5") as server:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
        head, half, slow, gone, large = idle[:5]
        large.sendall(b"GET /live HTTP/1.1\r\nx: " + b"x" * 1_000_000)
        head.sendall(b"POST /embed HTTP/1.1\r\nhost: here\r\n")
        half.sendall(
            b"POST /embed HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"
        )
        slow.sendall(b"POST /nothing HTTP/1.1\r\ncontent-length: 90\r\n\r\n{")
        gone.sendall(
            b"POST /embed HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"
        )
        gone.close()
        unread = socket.create_connection(("127.0.0.1", server.port))
        unread.sendall(b"GET /docs HTTP/1.1\r\n\r\n" * 200)
        assert server.post("/embed", BODY).status == 200
        assert everything_of(head) == b""
        assert everything_of(half).startswith(b"HTTP/1.1 408 ")
        assert everything_of(slow).startswith(b"HTTP/1.1 404 ")
        assert everything_of(large).startswith(b"HTTP/1.1 400 ")
        for connection in idle[5:]:
            connection.settimeout(0)
            with pytest.raises(BlockingIOError):  # still open: it waits for a first request
                connection.recv(1)
            connection.close()
        time.sleep(1.2)  # it is given up after half a second, and would read on now
        assert len(everything_of(unread)) < 150 * len(server.get("/docs").body)
        assert server.post("/embed", BODY).status == 200
        assert server.metric('edgebert_requests_total{code="499",model="",route="/embed"}') == 1


def everything_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    connection.settimeout(60)
    came = b""
    try:
        while some := connection.recv(65536):
            came += some
    except ConnectionResetError:
        pass
    connection.close()
    return came


def test_what_nobody_waits_for_any_more_is_dropped(tiny_bundle: Path) -> None:
    body = json.dumps({"inputs": MANY_TEXTS}).encode()
    head = f"POST /embed HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with running(f"m={tiny_bundle}", "--threads", "1") as server:
        address = ("127.0.0.1", server.port)
        with ExitStack() as connections:
            for _ in range(8):  # which one does not do before it is seen to wait
                connection = connections.enter_context(socket.create_connection(address))
                connection.sendall(head.encode() + body)
            server.until_some("edgebert_queue_tokens")
        server.line("POST /embed 499")
        assert server.metric("edgebert_queue_tokens") == 0


def test_logs_and_variables_are_for_machines_too_and_hold_no_text(tiny_bundle: Path) -> None:
    variables = {
        "EDGEBERT_SERVE_LOG_FORMAT": "json",
        "EDGEBERT_SERVE_MAX_BODY": "1KB",
        "EDGEBERT_SERVE_DRAIN": "0",
    }
    server = Running(f"org/m={tiny_bundle}", **variables)
    try:
        server.line('"ready"')
        secret = {"inputs": "a secret lamp"}
        assert server.post("/embed", secret, JSON | {"x-request-id": "job-7"}).status == 200
        assert server.post("/embed", {"inputs": "secret " * 1000}).status == 413
        server.get("/live")
        server.tell(signal.SIGTERM)
        assert server.ended() == 0
    finally:
        server.kill()
    lines = [json.loads(line) for line in server.log]
    (line,) = [line for line in lines if line.get("request_id") == "job-7"]
    told = {key: line[key] for key in ("level", "message", "model", "texts", "tokens")}
    assert told == {
        "level": "info",
        "message": "POST /embed 200",
        "model": "org/m",
        "texts": 1,
        "tokens": 5,
    }
    assert not any("secret" in line or "/live" in line for line in server.log)


def test_a_port_that_is_taken_is_one_line(tiny_bundle: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = edgebert_serve(tiny_bundle, "--port", str(port))
    assert run.returncode == 1
    assert run.stderr == (
        f"Error: cannot listen on 127.0.0.1 port {port}: Address already in use. Choose another "
        "--port or --host\n"
    )


def test_a_bundle_that_does_not_answer_as_it_promises_is_not_served(
    tiny_bundle: Path, tmp_path: Path
) -> None:
    wrong = shutil.copytree(tiny_bundle, tmp_path / "wrong")
    with unsealed(wrong) as golden:
        golden["texts"][3]["expected"] = [0.5] * len(golden["texts"][3]["expected"])
    run = edgebert_serve(wrong, "--port", "0")
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith(f"Error: {wrong} does not answer as it promises: 1 golden texts fail")
    assert "Traceback" not in run.stderr


@contextmanager
def unsealed(bundle: Path) -> Iterator[Any]:
    """The golden file of a bundle, to be changed as if it had been made so."""
    from edgebert.bundle import open_bundle
    from edgebert.bundle.sealed import seal

    file = bundle / "golden.json"
    golden = json.loads(file.read_text())
    yield golden
    file.write_text(json.dumps(golden))
    from edgebert.bundle.sealed import read_bundle

    seal(bundle, read_bundle(bundle).manifest)
    open_bundle(bundle, verify=True)


def edgebert_serve(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgebert", "serve", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["none"], 1, "Error: none is not a bundle: there is no such folder"),
        (["a=none", "a=other"], 2, "Error: several bundles are called a: name each, NAME=BUNDLE"),
        (["a b=none"], 2, "name it by letters, digits"),
        (["=none"], 2, "name it by letters, digits"),
        (["m", "--max-body", "much"], 2, "'much' is no number of bytes, like 8MB or 512KiB"),
        (["m", "--max-body", "0"], 2, "is no number of bytes"),
        (["m", "--no-auth", "--api-key-file", "keys"], 2, "give one of them"),
        (["m", "--host", "0.0.0.0"], 1, "give --api-key-file FILE, or --no-auth"),
        (["m", "--api-key-file", "keys"], 1, "Error: keys cannot be read"),
        (["m", "--request-timeout", "nan"], 2, "is not a finite number"),
        ([], 2, "Missing argument"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_served(
    arguments: list[str], code: int, told: str
) -> None:
    result = CliRunner().invoke(main, ["serve", *arguments], prog_name="edgebert")
    assert (result.exit_code, told in result.stderr) == (code, True), result.output


def test_what_is_not_installed_is_told_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "msgspec" else find(name)
    )
    result = CliRunner().invoke(main, ["serve", "m"], prog_name="edgebert")
    told = "Error: serve needs more packages: pip install 'edgebert[serve]'\n"
    assert (result.exit_code, result.stderr) == (1, told)
