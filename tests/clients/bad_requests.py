"""What is no request, or none that can be answered: one line, the right code, and nothing else is harmed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from clients.questions import CONTEXT, MASKED, QUERY, REAL, TEXT
from clients.raw import Told, chunked, post, request, sent
from clients.served import Process

_MB = 1_000_000
_ROUTES = {
    "/v1/embeddings": "input",
    "/embed": "inputs",
    "/": "inputs",
    "/embed_sparse": "inputs",
    "/predict": "inputs",
    "/classify": "texts",
    "/tag": "texts",
    "/fill_mask": "texts",
    "/answer": "question",
    "/rerank": "texts",
    "/v1/rerank": "documents",
    "/v2/rerank": "documents",
    "/translate": "texts",
    "/tokenize": "inputs",
}
"""Routes that read texts, and the field that has them."""


@dataclass(frozen=True)
class Bad:
    """A message.

    Attributes:
        what: it is.
        message: its bytes.
        codes: of which one must come back.
        words: of the line that comes with it.
        closed: whether the connection may be closed without an answer.
    """

    what: str
    message: bytes
    codes: tuple[int, ...]
    words: tuple[str, ...] = ()
    closed: bool = False

    def broken(self, told: Told | None) -> str | None:
        if told is None:
            return None if self.closed else f"{self.what}: closed without an answer"
        if told.code not in self.codes:
            return f"{self.what}: {told.code} {told.body[:200]!r} in place of {self.codes}"
        missing = [word for word in self.words if word not in told.line()]
        if missing:
            return f"{self.what}: {told.line()!r} lacks {missing}"
        if told.code >= 400 and not self.closed and not _is_told(told):
            return f"{self.what}: {told.code} without a line: {told.body[:200]!r}"
        return None


def bad_is_refused(server: Process, expected: bytes) -> Iterator[str]:
    """What was not refused as it should, or harmed an answer after it.

    Args:
        server: runs with all bundles.
        expected: the answer to a good request.
    """
    good = post(f"/models/{REAL}/embed", json.dumps({"inputs": TEXT}).encode())
    for bad in (*_every_route(), *_bodies(), *_requests()):
        fault = bad.broken(sent(server.port, bad.message))
        if fault:
            yield fault
        told = sent(server.port, good)
        if told is None or told.body != expected:
            yield f"{bad.what}: the next request got {told and told.body[:100]!r}"


def _every_route() -> Iterator[Bad]:
    for path, field in _ROUTES.items():
        for what, body, codes in _wrong_bodies(field):
            yield Bad(f"{what} to {path}", post(path, body), codes)


def _wrong_bodies(field: str) -> Iterator[tuple[str, bytes, tuple[int, ...]]]:
    refused = (400, 422)
    yield "no JSON", b"inputs=a", (400,)
    yield "nothing", b"", (400,)
    yield "bytes", b"\x00\xff\xfe{}", (400,)
    yield "half of JSON", b'{"%b": "a' % field.encode(), (400,)
    yield "two bodies", b'{"%b": "a"}{}' % field.encode(), refused
    yield "a list", b"[]", refused
    yield "no field", b"{}", refused
    for value in ("null", "5", "true", "[null]", '["a", 5]', "[[[1]]]", "[1e400]", "[]", "[[]]"):
        yield f"{field}: {value}", b'{"%b": %b}' % (field.encode(), value.encode()), refused
    yield "a lone surrogate", rb'{"%b": "a \ud800 b"}' % field.encode(), refused
    yield "bytes of no text", b'{"%b": "a \xed\xa0\x80"}' % field.encode(), refused
    deep = b"[" * 100_000 + b"]" * 100_000
    yield "deep nesting", deep, refused
    yield "deep nesting inside", b'{"%b": %b}' % (field.encode(), deep), refused
    yield "deep nesting beside", b'{"%b": "a", "other": %b}' % (field.encode(), deep), refused


def _bodies() -> Iterator[Bad]:
    embed = f"/models/{REAL}/embed"
    text = json.dumps({"inputs": "a\0b\x1f\u2028 "}).encode()
    yield Bad("NUL", post(embed, text), (200,))
    whole = json.dumps({"inputs": "a " * 5 * _MB}).encode()
    yield Bad("10 MB in one text", post(embed, whole), (413,), ("8,000,000", "10,000,0"))
    for path in ("/v1/embeddings", "/rerank", "/v2/rerank"):
        yield Bad(f"10 MB to {path}", post(path, whole), (413,))
    parts = [b'{"inputs": "', *[b"a " * 50_000] * 100, b'"}']
    yield Bad("10 MB of no known length", chunked(embed, parts), (413,), ("8,000,000",))
    long = json.dumps({"inputs": "a" * 7 * _MB}).encode()
    yield Bad("7 MB in one word", post(embed, long), (413, 422), ("characters",))
    many = json.dumps({"inputs": ["a"] * 1025}).encode()
    yield Bad("too many texts", post(embed, many), (413, 422), ("1,025", "1,024"))
    small = json.dumps({"inputs": TEXT}).encode()
    yield Bad(
        "chunks of a byte", chunked(embed, [small[i : i + 1] for i in range(len(small))]), (200,)
    )
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        yield Bad(f"content type {kind}", post(embed, small, kind), (415,), ("application/json",))
    squeezed = post(embed, small, "application/json", "Content-Encoding: gzip")
    yield Bad("said to be gzip", squeezed, (400, 415))
    unknown = json.dumps({"inputs": TEXT, "prompt_name": "poem"}).encode()
    yield Bad("no such prompt", post(embed, unknown), (400, 422), ("poem",))
    for other in ({"query": QUERY}, {"query": 5, "texts": ["a"]}, {"query": QUERY, "texts": []}):
        body = json.dumps(other).encode()
        yield Bad(f"rerank {other}", post("/rerank", body), (400, 422))
    several = json.dumps({"query": QUERY, "texts": ["a"], "documents": ["a"]}).encode()
    yield Bad("texts and documents", post("/rerank", several), (400, 422))
    yield Bad("no mask", post("/fill_mask", json.dumps({"texts": CONTEXT}).encode()), (400, 422))
    for k in (0, -1, 1e9, "two"):
        body = json.dumps({"inputs": MASKED, "parameters": {"top_k": k}}).encode()
        yield Bad(f"{k} fills", post("/models/filler", body), (200, 400, 422))


def _requests() -> Iterator[Bad]:
    small = json.dumps({"inputs": TEXT}).encode()
    yield Bad("an unknown path", post("/embeds", small), (404,), ("/embeds",))
    yield Bad("an unknown bundle", post("/models/poet/embed", small), (404,), ("no model", REAL))
    yield Bad("a path upwards", request("GET", "/models/../../etc/passwd"), (404,))
    yield Bad("a path of %00", request("GET", "/%00"), (404,))
    yield Bad("a path of 60 kB", request("GET", "/" + "a" * 60_000), (400, 404, 414), closed=True)
    yield Bad("GET of a route for texts", request("GET", "/embed"), (405,), ("POST",))
    yield Bad("DELETE", request("DELETE", "/embed"), (405,), ("POST",))
    yield Bad("POST of a page", request("POST", "/metrics"), (405,), ("GET",))
    yield Bad("an unknown method", request("POEM", "/embed"), (400, 405), closed=True)
    yield Bad("no HTTP", b"hello\r\n\r\n", (400,), closed=True)
    yield Bad("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20, (400,), closed=True)
    wide = post("/embed", small, "application/json", "X-Wide: " + "a" * 200_000)
    yield Bad("a header of 200 kB", wide, (400, 422, 431, 200), closed=True)
    bare = b"POST /embed HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    yield Bad("a length that is none", bare + b"Content-Length: two\r\n\r\n", (400,), closed=True)
    yield Bad("a length below 0", bare + b"Content-Length: -1\r\n\r\n", (400,), closed=True)
    both = bare + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield Bad("two lengths", both, (400,), closed=True)
    told = post("/models/real/embed?api-version=1", small, "application/json; charset=utf-8")
    yield Bad("a query and a charset", told, (200,))
    old = post(f"/models/{REAL}/embed", small).replace(b"HTTP/1.1", b"HTTP/1.0")
    yield Bad("HTTP/1.0", old, (200,))
    waits = post(f"/models/{REAL}/embed", small, "application/json", "Expect: 100-continue")
    yield Bad("a body that came unasked", waits, (100, 200))
    yield Bad("a slash too many", post("/embed/", small), (404,), ("/embed/",))
    yield Bad("OPTIONS", request("OPTIONS", "/embed"), (405,))
    told = post("/embed", small, "application/json", "X-Request-Id: a\x01b" + "c" * 500)
    yield Bad("a request id of 500 bytes", told, (200, 400), closed=True)
    odd = post("/embed", small, "application/json", "Authorization: Bearer \xff\xfe")
    yield Bad("a key of no text", odd, (200, 400, 401), closed=True)


def _is_told(told: Told) -> bool:
    """Whether there is one line, in whichever of the shapes."""
    if told.line():
        return True
    try:
        return isinstance(told.value().get("message"), str)
    except (ValueError, AttributeError):
        return False
