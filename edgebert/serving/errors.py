"""What is told a client that cannot be answered: a code, and one line in the shape that it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response

VALIDATION, EMPTY, OVERLOADED = "Validation", "Empty", "Overloaded"
BACKEND, UNHEALTHY = "Backend", "Unhealthy"
"""Kinds of errors, as text-embeddings-inference names them."""


@dataclass(frozen=True)
class ApiError(Exception):
    """What a client is told in place of an answer.

    Attributes:
        status: the HTTP code.
        kind: text-embeddings-inference's name of its kind.
        message: one line: what is wrong, and the way out.
        headers: beside it.
        param: the field of the body that is wrong, where it is one.
    """

    status: int
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    param: str | None = None

    @property
    def line(self) -> str:
        """The message without line breaks and what cannot be encoded."""
        whole = " ".join(self.message.split())
        return whole.encode("utf-8", "backslashreplace").decode()


def error_response(error: ApiError, path: str) -> Response:
    """An error in the shape that clients of this path read.

    Args:
        error: what is told.
        path: that was asked, without the name of a model before it.
    """
    return Response(
        orjson.dumps(_shape(path)(error)),
        error.status,
        dict(error.headers),
        media_type="application/json",
    )


def _shape(path: str) -> Any:
    if path.startswith("/v1/"):
        return _of_openai
    return _of_cohere if path.startswith("/v2/") else _of_tei


def _of_tei(error: ApiError) -> dict[str, Any]:
    return {"error": error.line, "error_type": error.kind}


def _of_cohere(error: ApiError) -> dict[str, Any]:
    return {"message": error.line}


_OPENAI = {
    401: ("authentication_error", "invalid_api_key"),
    404: ("not_found_error", "model_not_found"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
"""Types and codes of OpenAI, where it has one."""


def _of_openai(error: ApiError) -> dict[str, Any]:
    by_itself = "invalid_request_error" if error.status < 500 else "server_error"
    kind, code = _OPENAI.get(error.status, (by_itself, None))
    return {"error": {"message": error.line, "type": kind, "param": error.param, "code": code}}
