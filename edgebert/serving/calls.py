"""A request on its way through the server."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request
from starlette.types import Scope

_KEY = "edgebert.call"


@dataclass(slots=True)
class Call:
    """What is known of a request while it is answered.

    Attributes:
        id: its id, in answer and log.
        began: when its headers were read, by the clock of the loop.
        deadline: by which it is to be answered, by the same clock.
        path: as it was asked, without the name of a model before it.
        route: the path of the route that answers it; "" for none.
        model: the bundle that answers it; "" for none.
        named: the bundle that its path names.
        texts, tokens: that were read for it.
        waiting: what it waits for, to be dropped when its client is gone.
        gone: whether its client is.
    """

    id: str
    began: float
    deadline: float
    path: str = ""
    route: str = ""
    model: str = ""
    named: str | None = None
    texts: int = 0
    tokens: int = 0
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
