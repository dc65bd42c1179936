"""A request on its way through the server."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.requests import Request
from starlette.types import Scope

from edgebert.serving.drift.asked_texts import Asked

_KEY = "edgebert.call"


@dataclass(slots=True)
class Call:
    """What is known of a request while it is answered.

    Attributes:
        id: its id, in answer and log.
        began: when its headers were read, by the performance counter.
        path: as it was asked, without the name of a model before it.
        route: the path of the route that answers it; "" for none.
        quiet: whether its log line would be noise.
        named: the bundle that its path names.
        model: the bundle that answers it; "" for none.
        kept_bytes: of its body and of its answer.
        read: whether it was read to its end.
        texts, tokens: that were read for it.
        asked: what models answered for it.
        waiting: what it waits for, to be dropped when its client is gone.
        gone: whether its client is.
    """

    id: str
    began: float
    path: str = ""
    route: str = ""
    quiet: bool = False
    named: str | None = None
    model: str = ""
    kept_bytes: int = 0
    read: bool = False
    texts: int = 0
    tokens: int = 0
    asked: list[Asked] = field(default_factory=list)
    waiting: Future[Any] | None = None
    gone: bool = False

    def abandon(self) -> None:
        """Drop what it waits for: nobody will read the answer."""
        self.gone = True
        if self.waiting is not None:
            self.waiting.cancel()


def keep_call(scope: Scope, call: Call) -> None:
    """Have a call travel with its request."""
    scope[_KEY] = call


def call_of(request: Request) -> Call:
    """The call of a request."""
    return cast(Call, request.scope[_KEY])


def call_in(scope: Scope) -> Call | None:
    """The call of a request that may not have come so far."""
    return scope.get(_KEY)
