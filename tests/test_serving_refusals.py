"""What cannot be answered is told in one line with its code, and nothing of it is a bug of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from served import JSON, Answered, Here, served_here

from edgebert.errors import InputError
from edgebert.serving.app.keys import Keys
from edgebert.serving.calls import Call
from edgebert.serving.options import ServeOptions
from edgebert.serving.process.running import serve

LIMITS: dict[str, Any] = {"max_texts": 8, "max_body": 20_000, "max_text_chars": 1000}
DEEP = 100_000


@pytest.fixture(scope="module")
def here(
    tiny_bundle: Path, tiny_classifier_bundle: Path, tiny_filler_bundle: Path
) -> Iterator[Here]:
    bundles = {"m": tiny_bundle, "labels": tiny_classifier_bundle, "words": tiny_filler_bundle}
    with served_here(bundles, max_waiting_tokens=200, **LIMITS) as served:
        yield served


@pytest.fixture(scope="module")
def roomy(tiny_bundle: Path) -> Iterator[Here]:
    with served_here({"m": tiny_bundle}) as served:
        yield served


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "the body is not JSON"),
        (b"a lamp", 400, "the body is not JSON"),
        (b'{"inputs": "a lamp"', 400, "the body is not JSON"),
        (b'{"inputs": "a"} {}', 400, "the body is not JSON"),
        (b'{"inputs": "\xff"}', 400, "the body is not JSON"),
        (b'{"inputs": "\xed\xa0\x80"}', 400, "the body is not JSON"),
        (b'{"inputs": "\\ud800"}', 400, "the body is not JSON"),
        (b'{"inputs": "\\udc00 \\ud800"}', 400, "the body is not JSON"),
        (b'{"inputs": NaN}', 400, "the body is not JSON"),
        (b'{"inputs": "a", "other": ' + b"[" * DEEP, 400, "nested too deeply"),
        (b'{"inputs": "a", "other": ' + b'{"a":' * DEEP, 400, "nested too deeply"),
        (b"[" * DEEP, 422, "not as expected"),
        (b"null", 422, "not as expected"),
        (b'"a lamp"', 422, "not as expected"),
        (b"{}", 422, "missing required field `inputs`"),
        (b'{"inputs": 1e400}', 422, "not as expected"),
        (b'{"inputs": null}', 422, "not as expected"),
        (b'{"inputs": {"a": "b"}}', 422, "not as expected"),
        (b'{"inputs": ["a", null]}', 422, "not as expected"),
        (b'{"inputs": "a", "truncate": "yes"}', 422, "not as expected"),
        (b'{"inputs": "a", "model": 3}', 422, "not as expected"),
        (b'{"inputs": "a", "dimensions": 0}', 422, "not as expected"),
        (b'{"inputs": "a", "dimensions": ' + b"9" * 5000 + b"}", 422, "not as expected"),
        (b'{"inputs": "a", "dimensions": 65}', 422, "dimensions=65: vectors of m have 64"),
        (b'{"inputs": "a", "truncation_direction": "up"}', 422, "not as expected"),
        (b'{"inputs": "a", "truncation_direction": "left"}', 422, "m cuts texts at the right"),
        (b'{"inputs": "a", "prompt_name": "query"}', 422, "m has no prompt 'query'; it has: none"),
        (b'{"inputs": [1, 2, 3]}', 400, "inputs holds token ids"),
        (b'{"inputs": [[1, 2], [3]]}', 400, "check_embedding_ctx_length=False"),
        (b'{"inputs": [["a", "b"], ["c"]]}', 422, "inputs holds lists of texts, where each text"),
        (b'{"inputs": ["a", ["b"]]}', 422, "send the texts in one list"),
        (b'{"inputs": [["a", 1]]}', 400, "inputs holds token ids"),
        (b'{"inputs": [["a"]]', 400, "the body is not JSON"),
        (
            b'{"inputs": [' + b"[" * 5000 + b'"a"' + b"]" * 5000 + b"]}",
            400,
            "nested too deeply",
        ),
        (b'{"inputs": []}', 400, "inputs is empty"),
        (b'{"inputs": "a", "model": "nobody"}', 404, "models: m"),
    ],
)
def test_a_wrong_body_is_one_line(roomy: Here, body: bytes, status: int, told: str) -> None:
    answered = roomy.post("/embed", body)
    assert (answered.status, told in answered.error) == (status, True), answered.body
    assert len(answered.error) < 300


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        (
            "/embed",
            {"inputs": ["a"] * 9},
            413,
            "9 texts; at most 8 are taken in a request (--max-texts)",
        ),
        (
            "/embed",
            {"inputs": "a" * 1001},
            413,
            "a text has 1,001 characters; at most 1,000 are taken",
        ),
        ("/embed", {"inputs": "é" * 15_000}, 413, "the body has "),
        ("/embed", {"inputs": ["a lamp and a fan " * 50] * 8}, 413, "(--max-waiting-tokens)"),
        ("/tokenize", {"inputs": ["a lamp " * 140] * 2, "model": "m"}, 413, "more than 200 tokens"),
        (
            "/tokenize",
            {"inputs": "a", "model": "m", "prompt_name": "q"},
            422,
            "m has no prompt 'q'",
        ),
        ("/similarity", {"inputs": {"source_sentence": "a", "sentences": []}}, 400, "no texts"),
        ("/classify", {"texts": []}, 400, "no texts"),
        ("/classify", {"texts": [["a", "b", "c"]]}, 422, "length 2"),
        ("/classify", {"texts": "a", "colour": 1}, 422, "unknown field `colour`"),
        ("/predict", {"inputs": [["a", "b", "c"]]}, 400, "a list of 3 where one text or a pair"),
        ("/predict", {"inputs": []}, 400, "no texts"),
        ("/fill_mask", {"texts": "a lamp"}, 422, "has no [MASK]"),
        ("/fill_mask", {"texts": "[MASK]", "k": 0}, 422, "not as expected"),
        ("/rerank", {"query": "a", "texts": ["b"]}, 422, "no model here can be asked to rerank"),
        ("/tag", {"texts": "a"}, 422, "no model here can be asked to tag"),
    ],
)
def test_what_is_too_much_or_cannot_be_answered_is_one_line(
    here: Here, path: str, body: Any, status: int, told: str
) -> None:
    answered = here.post(path, body)
    assert (answered.status, told in answered.error) == (status, True), answered.body


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/x-www-form-urlencoded", "\xff", "a" * 500]
)
def test_what_is_not_called_json_is_refused(here: Here, kind: str) -> None:
    answered = here.post("/embed", {"inputs": "a"}, {"content-type": kind})
    assert answered.status == 415
    assert answered.error.endswith("send 'content-type: application/json'")
    assert (
        here.post("/embed", {"inputs": "a"}, {"content-type": "Application/JSON; charset=x"}).status
        == 200
    )


def test_a_body_of_unknown_length_is_bounded_while_it_is_read(here: Here) -> None:
    chunks = [b'{"inputs": "', b"a " * 10_000, b'"}']
    answered = here.ask("POST", "/embed", JSON, chunks)
    assert answered.status == 413
    assert answered.error.startswith(
        "the body has more; at most 20,000 bytes are read (--max-body)"
    )
    assert here.ask("POST", "/embed", JSON, [b'{"inputs": ', b'"a"', b"}"]).status == 200


def sent_for(
    here: Here, headers: Mapping[str, str], receive: Callable[[], Awaitable[Any]]
) -> list[Any]:
    """What the application sends for a request whose body comes, or does not, by `receive`."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/embed", "headers": raw}

    async def ask() -> None:
        await here.app(scope, receive, send)

    asyncio.run(ask())
    return sent


def test_a_body_that_is_said_to_be_too_large_is_not_read(here: Here) -> None:
    headers = JSON | {"content-length": "20001"}

    async def never() -> Any:
        raise AssertionError("it was read")

    start, body = sent_for(here, headers, never)
    assert start["status"] == 413
    assert b"20,001 bytes; at most 20,000" in body["body"]


def test_half_a_body_is_no_request(here: Here) -> None:
    coming = [{"type": "http.request", "body": b'{"inp', "more_body": True}]

    async def receive() -> Any:
        return coming.pop() if coming else {"type": "http.disconnect"}

    assert sent_for(here, JSON, receive) == []
    assert b'code="499"' in here.get("/metrics").body


def test_requests_beyond_the_queue_are_told_when_to_come_again_and_none_is_lost(here: Here) -> None:
    texts = ["turn the lamp on and the fan off"] * 8
    body = json.dumps({"inputs": texts, "model": "m"}).encode()
    headers = JSON | {"content-length": str(len(body))}

    async def all_at_once() -> list[Answered]:
        return await asyncio.gather(
            *(here.answer("POST", "/embed", headers, [body]) for _ in range(100))
        )

    answers = asyncio.run(all_at_once())
    assert {answer.status for answer in answers} == {200, 429}
    for refused in (answer for answer in answers if answer.status == 429):
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json["error_type"] == "Overloaded"
    assert here.server.queue.waiting_tokens == 0
    assert here.post("/embed", {"inputs": texts, "model": "m"}).status == 200


def test_answers_that_nobody_reads_leave_no_room_for_requests(tiny_bundle: Path) -> None:
    with served_here({"m": tiny_bundle}, max_body=1000) as here:
        unread = Call("1", 0.0)
        here.server.bodies.keep_answer(32_000, unread)
        refused = here.post("/embed", {"inputs": "a"})
        assert (refused.status, refused.headers["retry-after"]) == (429, "1")
        assert "fill the memory" in refused.error
        here.server.bodies.release(unread)
        assert here.post("/embed", {"inputs": ["a"] * 100}).status == 200
        assert here.server.bodies._kept == 0


def test_an_answer_that_takes_too_long_is_given_up(tiny_bundle: Path) -> None:
    with served_here({"m": tiny_bundle}, request_timeout=1e-6) as here:
        answered = here.post("/embed", {"inputs": "a lamp"})
        assert answered.status == 504
        assert "(--request-timeout)" in answered.error
        assert here.server.queue.waiting_tokens == 0


def test_a_body_that_does_not_come_is_given_up(tiny_bundle: Path) -> None:
    async def receive() -> Any:
        await asyncio.sleep(60)

    with served_here({"m": tiny_bundle}, request_timeout=0.01) as here:
        assert sent_for(here, JSON, receive)[0]["status"] == 408


def test_an_error_of_the_server_is_one_line_with_the_id_that_the_log_has(
    tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_args: Any, **_options: Any) -> Any:
        raise RuntimeError("a bug")

    with served_here({"m": tiny_bundle}) as here:
        monkeypatch.setattr(here.server, "ask", broken)
        answered = here.post("/embed", {"inputs": "a"}, JSON | {"x-request-id": "job-9"})
    assert answered.status == 500
    assert answered.error == "an error of the server, which its log has under job-9"
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert "job-9" in logged.getMessage()
    assert "a bug" in str(logged.exc_info[1] if logged.exc_info else "")


def test_before_bundles_are_loaded_only_what_tells_of_the_server_is_answered(
    tiny_bundle: Path,
) -> None:
    with served_here({"m": tiny_bundle}) as here:
        here.server.served._loaded.clear()
        assert here.get("/live").status == 200
        assert here.get("/ready").status == 503
        assert here.get("/metrics").status == 200
        early = here.post("/embed", {"inputs": "a"})
        assert (early.status, early.headers["retry-after"]) == (503, "1")
        assert here.get("/info").status == 503


def test_a_server_that_is_about_to_end_still_answers_and_sends_clients_away(
    tiny_bundle: Path,
) -> None:
    with served_here({"m": tiny_bundle}) as here:
        here.server.draining = True
        assert here.get("/ready").status == 503
        last = here.post("/embed", {"inputs": "a"})
        assert (last.status, last.headers["connection"]) == (200, "close")


def test_a_key_is_needed_where_there_are_keys(tiny_bundle: Path) -> None:
    with served_here({"m": tiny_bundle}, keys=("first key", "schlüssel")) as here:
        for wrong in ("", "Bearer", "Bearer first", "Basic first key", "Bearer first key2"):
            refused = here.post("/embed", {"inputs": "a"}, JSON | {"authorization": wrong})
            assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert "Bearer KEY" in refused.error
        assert here.get("/nothing").status == 401  # nor is told what is here
        for right in ("Bearer first key", "bearer  first key"):
            given = here.post("/embed", {"inputs": "a"}, JSON | {"authorization": right})
            assert given.status == 200
        for path in ("/live", "/ready", "/metrics", "/docs", "/openapi.json"):
            assert here.get(path).status == 200


def test_a_file_of_keys_has_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("\nfirst\r\n second \n\n")
    keys = Keys.of_file(file)
    for key in ("first", "second"):
        keys.check({"authorization": f"Bearer {key}"})
    for text in ("", "\n \n"):
        file.write_text(text)
        with pytest.raises(InputError, match="has no key: write one a line"):
            Keys.of_file(file)
    with pytest.raises(InputError, match="cannot be read"):
        Keys.of_file(tmp_path / "none")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_other_machines_are_let_in_only_on_purpose(host: str) -> None:
    with pytest.raises(InputError, match="--api-key-file FILE, or --no-auth"):
        serve(ServeOptions(host=host), [])


def test_scripts_of_other_pages_may_ask_only_where_that_is_allowed(tiny_bundle: Path) -> None:
    asked = {"origin": "https://app.example", "access-control-request-method": "POST"}
    with served_here({"m": tiny_bundle}) as here:
        assert here.ask("OPTIONS", "/embed", asked, [b""]).status == 405
        answered = here.post("/embed", {"inputs": "a"}, JSON | asked)
        assert not any(name.startswith("access-control") for name in answered.headers)
    allowed = ("https://app.example",)
    with served_here({"m": tiny_bundle}, keys=("key",), cors_origins=allowed) as here:
        assert here.ask("OPTIONS", "/embed", asked, [b""]).status == 200
        other = asked | {"origin": "https://other.example"}
        assert here.ask("OPTIONS", "/embed", other, [b""]).status == 400
        answered = here.post(
            "/embed", {"inputs": "a"}, JSON | asked | {"authorization": "Bearer key"}
        )
        assert answered.headers["access-control-allow-origin"] == "https://app.example"
