"""The body of a request: of the right kind, not too large, and of the shape that is expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from edgebert.serving.calls import Call, call_of
from edgebert.serving.errors import OVERLOADED, VALIDATION, ApiError

S = TypeVar("S", bound=msgspec.Struct)

_BODIES = 32
"""So many bodies of the largest size are kept at a time, or more of smaller ones; answers count too."""

_NO_TEXT = re.compile(
    r"Expected `str(?: \| object)?`, got `(?:int|array)` - at `\$\.(?P<field>\w+)\["
)
"""How msgspec tells of numbers, or of lists, in the place of texts in a list."""


class ClientGone(Exception):  # noqa: N818 - no error: nobody is left to be told
    """The client closed its connection before it was answered."""


class BodyReader:
    """Reads bodies, and keeps no more of them, and of answers, than memory should be given for.

    Args:
        most: bytes of a body.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = 0

    def check_headers(self, headers: Headers) -> None:
        """Refuse a body by what is said of it, before any of it is read.

        Raises:
            ApiError: 413 too large, 415 compressed or not JSON.
        """
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise ApiError(415, VALIDATION, "bodies are not decompressed: send JSON as it is")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._most:
            raise self._too_large(f"{int(length):,} bytes")
        _require_json(headers.get("content-type", ""))

    async def read(self, request: Request, shape: type[S]) -> S:
        """Read a body of JSON.

        Raises:
            ApiError: 400 no JSON, 413 too large, 415 of another kind, 422 of another shape, 429
                others fill the memory for bodies.
            ClientGone: it was not sent to its end.
        """
        call = call_of(request)
        body = await self._bytes(request, call)
        call.read = True
        return decoded(body, shape)

    def keep_answer(self, size: int, call: Call) -> None:
        """Count an answer until its client has read it."""
        call.kept_bytes += size
        self._kept += size

    def release(self, call: Call) -> None:
        """Keep no more of a request and its answer."""
        self._kept -= call.kept_bytes
        call.kept_bytes = 0

    async def _bytes(self, request: Request, call: Call) -> bytes:
        chunks: list[bytes] = []
        try:
            async for chunk in request.stream():
                self._keep(len(chunk), call)
                chunks.append(chunk)
        except ClientDisconnect:
            raise ClientGone from None
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _keep(self, size: int, call: Call) -> None:
        call.kept_bytes += size
        self._kept += size
        if call.kept_bytes > self._most:  # its length was not said before
            raise self._too_large("more")
        if self._kept > _BODIES * self._most:
            message = "requests, and answers that were not read yet, fill the memory for them"
            raise ApiError(429, OVERLOADED, f"{message}: try again later", {"retry-after": "1"})

    def _too_large(self, given: str) -> ApiError:
        said = f"the body has {given}; at most {self._most:,} bytes are read (--max-body)"
        return ApiError(413, VALIDATION, f"{said}: send fewer texts at a time")


def decoded(body: bytes, shape: type[S]) -> S:
    """JSON as a struct.

    Raises:
        ApiError: 400 no JSON, 422 of another shape.
    """
    try:
        return _in_shape(body, shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, VALIDATION, f"the body is not JSON: {error}") from None
    except RecursionError:
        raise ApiError(400, VALIDATION, "the body is nested too deeply") from None


def _in_shape(body: bytes, shape: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise _of_another_shape(str(error), body) from None


def _of_another_shape(told: str, body: bytes) -> ApiError:
    found = _NO_TEXT.search(told)
    if found is None:
        return ApiError(422, VALIDATION, f"the body is not as expected: {told}")
    field = found["field"]
    if _holds_lists_of_texts(msgspec.json.decode(body)[field]):
        said = f"{field} holds lists of texts, where each text is read by itself"
        return ApiError(422, VALIDATION, f"{said}: send the texts in one list", param=field)
    return ApiError(
        400,
        VALIDATION,
        f"{field} holds token ids, which are of another model's tokenizer and would give "
        "meaningless answers: send texts (LangChain's OpenAIEmbeddings: "
        "check_embedding_ctx_length=False)",
        param=field,
    )


def _holds_lists_of_texts(rows: Sequence[object]) -> bool:
    """Whether texts are in lists of a list, and no numbers in any."""
    inner = [one for row in rows if isinstance(row, list) for one in row]
    numbers = any(isinstance(one, int) for one in (*rows, *inner))
    return not numbers and any(isinstance(one, str) for one in inner)


def _require_json(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return
    given = f"not {kind}" if kind.isprintable() and kind else "and none is named"
    raise ApiError(
        415, VALIDATION, f"expected JSON, {given[:80]}: send 'content-type: application/json'"
    )
