"""A route as app, OpenAPI document and tests read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """What answers a path.

    Attributes:
        path: from the root; it may end in one parameter, as `/v1/models/{id}`.
        handler: makes the answer.
        summary: one line for the OpenAPI document.
        method: `POST` or `GET`; what answers GET answers HEAD too.
        body: what is read, where something is.
        answer: the type of the JSON that is given, or a union of types; None for text.
        media_type: of the answer.
        per_model: whether `/models/NAME` may stand before the path.
        open: whether it is answered without a key, also while bundles load.
    """

    path: str
    handler: Handler
    summary: str
    method: str = "POST"
    body: type[msgspec.Struct] | None = None
    answer: Any = None
    media_type: str = "application/json"
    per_model: bool = True
    open: bool = False
