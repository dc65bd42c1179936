"""The benchmark of servers: its generator accounts for every request, and its record tells the goals."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
from benchmarks.server.alone.overload import MAX_WAITING_TOKENS, stages_at, told
from benchmarks.server.contestants import HERE
from benchmarks.server.generators.open_loop import due_times, message_of, send
from benchmarks.server.generators.outcomes import (
    LOST,
    REFUSED,
    Sent,
    Stage,
    answered_between,
    counts,
    percentile,
    waited_ms,
)
from benchmarks.server.goals import goals
from benchmarks.server.page import table, write_table
from benchmarks.server.placement import placements
from benchmarks.server.record import (
    APART,
    FP32,
    IN_PROCESS,
    INT8,
    THREADS_INT8,
    TORCH,
    Interruption,
    Load,
    Loads,
    Memory,
    Server,
    ServerRecord,
    Shadow,
)
from benchmarks.server.texts import ragged

from edgebert.errors import InputError
from edgebert.records.codec import read_json, write_json
from edgebert.records.timed import Noise

_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
_LAST = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def _answering(*answers: bytes) -> Iterator[int]:
    """The port of a server that gives one answer after the other; any but _OK ends the connection."""
    left = iter(answers)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, left), daemon=True)
        serving.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)  # which ends `accept`
        serving.join()


def _serve(listening: socket.socket, left: Iterator[bytes]) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            while connection.recv(65536):
                answer = next(left)
                connection.sendall(answer)
                if answer != _OK:
                    break


def _statuses(*answers: bytes) -> list[tuple[int, bool]]:
    """What came of as many requests, each of which is due when the one before has its answer."""
    with _answering(*answers, _OK) as port:
        sent = send(port, [message_of("/embed", "{}")], [Stage(20, len(answers) / 20)])
    return [(each.status, each.again) for each in sorted(sent, key=lambda each: each.due_s)]


def test_every_request_has_an_outcome() -> None:
    assert _statuses(_OK, _LAST, _OK) == [(200, False), (429, False), (200, False)]
    assert _statuses(b"", _OK) == [(LOST, False), (200, False)]


def test_an_answer_that_was_cut_off_is_lost_and_an_unused_connection_is_tried_again() -> None:
    assert _statuses(_OK, _OK[:30], _OK) == [(200, False), (LOST, False), (200, False)]
    assert _statuses(_OK, b"") == [(200, False), (200, True)]


def test_where_nobody_listens_is_no_connection() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        (sent,) = send(deaf.getsockname()[1], [message_of("/", "{}")], [Stage(10, 0.1)])
    assert sent.status == REFUSED
    assert counts([sent]) == {"no connection": 1}


def test_requests_are_due_evenly_stage_after_stage() -> None:
    assert list(due_times([Stage(2, 1), Stage(4, 0.5)])) == [(0, 0), (0, 0.5), (1, 1), (1, 1.25)]


def test_a_request_says_how_long_it_is_in_bytes() -> None:
    head, _, body = message_of("/v1/embeddings", '{"input": "é"}').partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/embeddings HTTP/1.1\r\n")
    assert f"content-length: {len(body)}".encode() in head.split(b"\r\n")


def _sent(stage: int, due_s: float, waited_s: float, status: int = 200) -> Sent:
    return Sent(stage, due_s, waited_s, status, again=False)


def test_answers_count_when_they_come_and_percentiles_are_of_values_that_occur() -> None:
    sent = [_sent(0, 0.0, 0.5), _sent(0, 0.5, 1.0), _sent(0, 0.6, 0.1, 429), _sent(0, 0.9, 1.1)]
    assert answered_between(sent, 0, 1) == 1
    assert answered_between(sent, 1, 2) == 1
    assert waited_ms(sent) == [500, 1000, 1100]
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile([*range(1, 101)], 0.99) == 99
    assert isnan(percentile([], 0.5))


def test_an_overload_is_told_by_its_stages() -> None:
    stages = stages_at(100, light_s=1, overload_s=2)
    assert [(each.rate, each.seconds) for each in stages] == [(25, 1), (200, 2), (25, 1)]
    sent = [
        _sent(0, 0.5, 0.010), _sent(1, 1.0, 0.5), _sent(1, 1.2, 0.7), _sent(1, 1.5, 0.001, 429),
        _sent(1, 2.9, 0.4), _sent(2, 3.5, 0.9), _sent(2, 4.1, 0.020),
    ]  # fmt: skip
    overload = told(sent, stages, capacity=100, tokens=8.192)
    assert overload.answered == 1  # two in two seconds: one more came after them
    assert overload.drain_s == pytest.approx(MAX_WAITING_TOKENS / 819.2)
    assert (overload.p50_ms, overload.p99_ms) == (500, 700)
    assert (overload.before_p99_ms, overload.after_p99_ms) == (10, 20)
    assert overload.outcomes == {"200": 6, "429": 1}
    assert overload.sent == 7


def test_a_core_each_or_two_for_both() -> None:
    apart, together = placements(frozenset((3, 5, 7)))
    assert [sorted(apart.server), sorted(apart.load)] == [[3], [5]]
    assert [sorted(together.server), sorted(together.load)] == [[3, 5], [3, 5]]
    with pytest.raises(InputError, match="a core each"):
        placements(frozenset((3,)))


def test_ragged_texts_are_beginnings_of_all_lengths() -> None:
    text = " ".join(map(str, range(100)))
    lengths = [len(each.split()) for each in ragged([text], 500)]
    assert min(lengths) == 1
    assert 50 < max(lengths) <= 60
    assert all(text.startswith(each) for each in ragged([text], 10))


def test_every_environment_has_its_pins() -> None:
    setup = (HERE / "setup").read_text(encoding="utf-8")
    for pins in (HERE / "pins").glob("*.txt"):
        lines = pins.read_text(encoding="utf-8").splitlines()
        assert f"        {pins.stem})" in setup.splitlines()
        assert all("==" in line for line in lines if not line.startswith("#"))
        assert "torch==2.13.0" in lines, "setup installs that build by itself"


def _loads(server: str, connections: int, rate: float, cpu_ms: float = 0.9) -> Loads:
    slower, faster = Load(rate / 2, 4.0, 9.0, 2 * cpu_ms), Load(rate, 2.0, 5.0, cpu_ms)
    return Loads(server, APART, 1, connections, (slower, faster))


def _record(**more: object) -> ServerRecord:
    record = ServerRecord(
        quick=False,
        cores=2,
        texts=1024,
        tokens=14.2,
        servers=(
            Server(INT8, "edgebert serve, int8", "int8", {"uvicorn": "1"}, 240_000_000, "", 0.8, 176_000_000, 0.998),
            Server(TORCH, "infinity, torch", "fp32", {"torch": "2"}, 1_400_000_000, "did not start: no"),
        ),
        loads=(
            _loads(INT8, 64, 1000.0),
            _loads(IN_PROCESS, 64, 1500.0, cpu_ms=0.65),
            _loads(THREADS_INT8, 64, 500.0),
            _loads(FP32, 1, 240.0), _loads(TORCH, 1, 60.0),
            _loads(FP32, 8, 300.0), _loads(TORCH, 8, 150.0),
        ),
        noise=Noise(0.0, 0.0, noisy=False),
        seconds=600.0,
    )  # fmt: skip
    return replace(record, **more)  # type: ignore[arg-type]


def _reached(record: ServerRecord) -> dict[str, bool]:
    return {each.what: each.reached for each in goals(record)}


def test_goals_are_of_the_best_rounds() -> None:
    assert _reached(_record()) == {
        "CPU that HTTP adds to a text at 64 connections, a core each": True,
        "int8 by a thread for each request at 64 connections, a core each": True,
        "fp32 by infinity on torch, a core each": False,  # twice at 8 connections
    }
    assert next(each.found for each in goals(_record())) == "0.25 ms (0.90 less 0.65)"


def test_a_peer_has_to_be_beaten_at_every_number_of_connections() -> None:
    rates = ((1, 60.0), (8, 150.0), (32, 160.0), (64, 170.0))
    loads = [
        _loads(name, connections, times * rate)
        for name, times in ((FP32, 2.5), (TORCH, 1.0))
        for connections, rate in rates
    ]
    what = "fp32 by infinity on torch, a core each"
    assert _reached(_record(loads=tuple(loads))) == {what: True}
    assert _reached(_record(loads=tuple(loads[:-1]))) == {what: False}


def test_a_lost_request_fails_a_goal_and_one_without_connection_does_not() -> None:
    good = Interruption("SIGTERM", 300.0, 10, {"200": 8, "no connection": 2}, again=0, exit_code=0)
    for outcomes, code, reached in (
        (good.outcomes, 0, True),
        (good.outcomes, -15, False),
        ({"200": 9, "lost": 1}, 0, False),
        ({"200": 9, "503": 1}, 0, False),
    ):
        one = replace(good, outcomes=outcomes, exit_code=code)
        assert goals(_record(interruptions=(one,)))[-1].reached is reached
    swap = Interruption("SIGHUP", 300.0, 10, {"200": 10}, again=0, replaced=True)
    assert goals(_record(interruptions=(swap,)))[-1].reached
    assert not goals(_record(interruptions=(replace(swap, replaced=False),)))[-1].reached


def test_memory_and_a_shadow_are_held_to_what_was_before() -> None:
    record = _record(
        memory=Memory(500, 150_000_000, 20_000, 164_000_000),
        shadow=Shadow(0.1, 250.0, (4.0, 9.0, 4.0), (4.3, 4.1, 9.0)),
        ready_s=(0.8, 0.9, 2.0),
    )
    assert [each.reached for each in goals(record)][-3:] == [True, True, False]


def test_the_record_survives_its_file_and_fills_the_page(tmp_path: Path) -> None:
    record, page = _record(failures={"a shadow": "no such option"}), tmp_path / "README.md"
    write_json(record, tmp_path / "server.json")
    assert read_json(ServerRecord, tmp_path / "server.json", "a record") == record
    page.write_text("before\n<!-- table:begin -->\nold\n<!-- table:end -->\nafter\n")
    write_table(record, page)
    lines = page.read_text().splitlines()
    assert "| edgebert serve, int8 |  |  |  | 1,000 (750), 5.0 ms |  | 0.90 |" in lines
    assert "| edgebert serve, int8 | 240 | 0.8 | 176 | 0.9980 | uvicorn 1 |" in lines
    assert "- infinity, torch: did not start: no" in lines
    assert "- a shadow: no such option" in lines
    with pytest.raises(InputError, match="quick"):
        write_table(replace(record, quick=True), page)


def test_a_noisy_machine_is_told() -> None:
    noise = Noise(0.0, 0.0, noisy=True, others=0.3, reasons=("other processes took 30 %",))
    assert "The machine was noisy (other processes took 30 %)" in table(_record(noise=noise))
    assert "noisy" not in table(_record())
