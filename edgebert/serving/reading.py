"""The body of a request: of the right kind, not too large, and of the shape that is expected."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from edgebert.serving.errors import VALIDATION, ApiError

S = TypeVar("S", bound=msgspec.Struct)


class ClientGone(Exception):  # noqa: N818 - no error: nobody is left to be told
    """The client closed its connection before it was answered."""


class BodyReader:
    """Reads bodies.

    Args:
        most: bytes of a body.
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def check_headers(self, headers: Headers) -> None:
        """Refuse a body by what is said of it, before any of it is read.

        Raises:
            ApiError: 413 too large, 415 not JSON.
        """
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self._most:
            raise self._too_large(f"{int(length):,} bytes")
        _require_json(headers.get("content-type", ""))

    async def read(self, request: Request, shape: type[S]) -> S:
        """Read a body of JSON.

        Raises:
            ApiError: 400 no JSON, 413 too large, 415 of another kind, 422 of another shape.
            ClientGone: it was not sent to its end.
        """
        return decoded(await self._bytes(request), shape)

    async def _bytes(self, request: Request) -> bytes:
        chunks: list[bytes] = []
        given = 0
        try:
            async for chunk in request.stream():
                given += len(chunk)
                if given > self._most:  # its length was not said before
                    raise self._too_large("more")
                chunks.append(chunk)
        except ClientDisconnect:
            raise ClientGone from None
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _too_large(self, given: str) -> ApiError:
        said = f"the body has {given}; at most {self._most:,} bytes are read (--max-body)"
        return ApiError(413, VALIDATION, f"{said}: send fewer texts at a time")


def decoded(body: bytes, shape: type[S]) -> S:
    """JSON as a struct.

    Raises:
        ApiError: 400 no JSON, 422 of another shape.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise ApiError(422, VALIDATION, f"the body is not as expected: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, VALIDATION, f"the body is not JSON: {error}") from None
    except RecursionError:
        raise ApiError(400, VALIDATION, "the body is nested too deeply") from None


def _require_json(content_type: str) -> None:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json")):
        return
    given = f"not {kind}" if kind.isprintable() and kind else "and none is named"
    raise ApiError(
        415, VALIDATION, f"expected JSON, {given[:80]}: send 'content-type: application/json'"
    )
